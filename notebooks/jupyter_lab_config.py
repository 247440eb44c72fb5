"""JupyterLab on these notebooks, with no call to any outside server."""
c = get_config()  # noqa: F821  (given by Jupyter)
c.ServerApp.root_dir = __file__.rsplit("/", 1)[0]
c.LabApp.news_url = ""
c.LabApp.check_for_updates_class = "jupyterlab.NeverCheckForUpdate"
c.LabApp.extension_manager = "readonly"
c.ServerApp.ip = "127.0.0.1"

"""JupyterLab on these notebooks, with no call to any outside server."""

c = get_config()  # noqa: F821  (given by Jupyter)
here = __file__.replace("\\", "/").rsplit("/", 1)[0]
c.ServerApp.root_dir = here
c.ServerApp.ip = "127.0.0.1"
c.LabApp.news_url = ""
c.LabApp.check_for_updates_class = "jupyterlab.NeverCheckForUpdate"
c.LabApp.extension_manager = "readonly"
c.LabApp.app_settings_dir = here + "/lab_settings"  # holds the answer "no" to JupyterLab's question about news

"""One task over many studies: on this machine, or on a cluster.

>>> from sarcoma_review import batch
>>> sorted(batch.TASKS)
['check', 'deck', 'deidentify', 'margins', 'scan']
"""

from sarcoma_review.batch.running import Batch, run
from sarcoma_review.batch.tasks import TASKS, Options
from sarcoma_review.batch.work import Row

__all__ = ["TASKS", "Batch", "Options", "Row", "run"]

"""The errors of this package, one tree.

::

    SarcomaReviewError
    ├─ DicomError               (ValueError)    the files are not the study they should be
    │  ├─ NotDicomError                         nothing DICOM where DICOM was expected
    │  ├─ UnsupportedError                      a transfer syntax or object this version does not read
    │  ├─ TruncatedError                        a file ends before its pixels do
    │  ├─ DecodeError                           compressed pixels are broken, or not what the header says
    │  ├─ ArchiveError                          an archive refuses, falls silent or sends too little
    │  └─ ReferenceNotFoundError                an object points at an image that is not there
    ├─ GeometryError            (ValueError)    grids or spaces differ, or a stack is not one grid
    │  ├─ MissingSlicesError                    a stack has gaps
    │  ├─ UnevenSpacingError                    the slices of a stack are not one distance apart
    │  ├─ ShearedError                          a grid with shear (gantry tilt) where axes must be square
    │  └─ AmbiguousStackError                   two images claim one place
    ├─ EmptyMaskError           (ValueError)    a segmentation has no voxels
    ├─ PrivacyError             (ValueError)    something that could name a patient
    │  └─ NotDeidentifiedError                  the gate stays shut
    ├─ PlanError                (ValueError)    a resection plan that cannot be measured
    ├─ PathwayError             (ValueError)    a rule file is wrong, or a fact has a value it cannot have
    ├─ OutcomeError             (ValueError)    follow-up or counts that no honest number answers
    ├─ RegistryError            (LookupError)   no such record, or it may not be changed
    │  └─ ConflictError                         somebody else wrote first
    ├─ MeetingError             (RuntimeError)  not allowed at this point of the meeting, or not to this member
    ├─ BatchError               (RuntimeError)  a run over many studies cannot begin, or cannot go on
    └─ PresentationError        (ValueError)    a case cannot be shown as asked

Each is also a built-in error, so that a caller need not know this package. A message says which object,
what was expected and what was found, with units, and never a name, a birth date or a record number.
"""


class SarcomaReviewError(Exception):
    """Root of every error this package raises on purpose."""


class DicomError(SarcomaReviewError, ValueError):
    """The files are not the study they should be."""


class NotDicomError(DicomError):
    """Nothing DICOM where DICOM was expected."""


class UnsupportedError(DicomError):
    """A transfer syntax or object that this version does not read."""


class TruncatedError(DicomError):
    """A file ends before its pixels do."""


class DecodeError(DicomError):
    """Compressed pixels are broken, or are not what the header says."""


class ArchiveError(DicomError):
    """An archive refuses, falls silent, or sends other than it lists."""


class ReferenceNotFoundError(DicomError):
    """An object points at an image that is not there."""


class GeometryError(SarcomaReviewError, ValueError):
    """Grids or frames of reference differ, or a stack is not one regular grid."""


class MissingSlicesError(GeometryError):
    """A stack of slices has gaps."""


class UnevenSpacingError(GeometryError):
    """The slices of a stack are not one distance apart."""


class ShearedError(GeometryError):
    """A grid is sheared (gantry tilt) where axes must meet at right angles."""


class AmbiguousStackError(GeometryError):
    """Two images claim one place and nothing in them says which volume each belongs to."""


class EmptyMaskError(SarcomaReviewError, ValueError):
    """A segmentation has no voxels."""


class PrivacyError(SarcomaReviewError, ValueError):
    """Something that could name a patient."""


class NotDeidentifiedError(PrivacyError):
    """The gate stays shut: the data hold what could name a patient."""


class PlanError(SarcomaReviewError, ValueError):
    """A resection plan that cannot be measured."""


class PathwayError(SarcomaReviewError, ValueError):
    """A rule file is wrong, or a fact has a value that it cannot have."""


class OutcomeError(SarcomaReviewError, ValueError):
    """Follow-up, counts or a question put to them that no honest number answers."""


class RegistryError(SarcomaReviewError, LookupError):
    """No such record, or it may not be changed."""


class ConflictError(RegistryError):
    """Somebody else wrote to this case first."""


class MeetingError(SarcomaReviewError, RuntimeError):
    """An action that is not allowed at this point of a meeting, or not to this member.

    Parameters
    ----------
    code : str
        What was refused, in one word that a program may read; `sarcoma_review.meeting.CODES` lists them.
    message : str
        What was expected and what was found.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class PresentationError(SarcomaReviewError, ValueError):
    """A case cannot be shown as asked."""


class BatchError(SarcomaReviewError, RuntimeError):
    """A run over many studies cannot begin, or cannot go on."""

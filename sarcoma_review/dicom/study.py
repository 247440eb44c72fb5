"""Open a study: the only way from files to what may be shown."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from sarcoma_review.dicom.address import archive_and_study, is_web
from sarcoma_review.dicom.container import Progress, Unpacked
from sarcoma_review.dicom.instance import Instance
from sarcoma_review.dicom.modality import header_with
from sarcoma_review.dicom.projection import Projection, load_projection
from sarcoma_review.dicom.scan import Index, SeriesEntry, index_files, place_of
from sarcoma_review.dicom.segments import read_rtstruct, read_seg
from sarcoma_review.dicom.stack import VolumeSpec
from sarcoma_review.dicom.web import Archive
from sarcoma_review.errors import DicomError, NotDicomError, SarcomaReviewError
from sarcoma_review.privacy.gate import admit
from sarcoma_review.privacy.head_words import KEYWORDS
from sarcoma_review.volume import Clearance, Segment, Volume

_READERS = {"RTSTRUCT": read_rtstruct, "SEG": read_seg}


@dataclass(eq=False)
class Study:
    """A study that the privacy gate let in; pixels are read when first asked for.

    Parameters
    ----------
    index : Index
        What the folder holds.
    clearance : {"checked", "receipt"}
        What the gate relied on.
    heads : mapping of str to str
        As `Admission.heads`: what is known of heads in the images, by path.
    """

    index: Index
    clearance: Clearance
    heads: Mapping[str, str] = field(default_factory=dict, repr=False)
    _loaded: dict[int, Volume | SarcomaReviewError] = field(default_factory=dict, repr=False)

    @cached_property
    def pseudonym(self) -> str:
        """The patient's pseudonym; where the study holds several patients, the first one's.

        Raises
        ------
        DicomError
            If the file changed since the study was opened.
        """
        first = next(iter(self.index.series.values())).instances[0]
        return str(header_with(first, ["PatientID"]).get("PatientID", "") or "case")

    @cached_property
    def _entries(self) -> list[SeriesEntry]:
        return sorted(self.index.series.values(), key=lambda entry: (entry.instances[0].series_number, entry.uid))

    @cached_property
    def specs(self) -> list[VolumeSpec]:
        """Volumes known from geometry, in order of series number, their pixels not yet read."""
        return [spec for entry in self._entries for spec in entry.volumes()]

    @property
    def volumes(self) -> list[Volume]:
        """Every volume that can be read; the others stand in `issues` with the reason."""
        return [volume for volume in map(self._load, self.specs) if isinstance(volume, Volume)]

    def volume(self, *, modality: str | None = None, description: str | None = None) -> Volume:
        """Give the one volume that fits.

        Parameters
        ----------
        modality : str, optional
            Such as ``"CT"``.
        description : str, optional
            Part of the series description, upper and lower case alike.

        Raises
        ------
        DicomError
            If none fits, or more than one, listing what is there.
        """
        fitting = [
            spec
            for spec in self.specs
            if modality in (None, spec.modality) and (description or "").lower() in spec.description.lower()
        ]
        if len(fitting) != 1:
            wanted = ", ".join(part for part in (modality, description) if part) or "any"
            there = "; ".join(f"{spec.modality} {spec.description}".strip() for spec in self.specs) or "none"
            raise DicomError(f"expected one volume ({wanted}), found {len(fitting)}; the study holds: {there}")
        loaded = self._load(fitting[0])
        if isinstance(loaded, SarcomaReviewError):
            raise loaded
        return loaded

    @property
    def projections(self) -> list[Projection]:
        """Every plain film that can be read; the others stand in `issues` with the reason."""
        return [film for film in self._films if isinstance(film, Projection)]

    @cached_property
    def _films(self) -> list[Projection | SarcomaReviewError]:
        return [self._film(instance) for entry in self._entries for instance in entry.projections]

    def _film(self, instance: Instance) -> Projection | SarcomaReviewError:
        try:
            return replace(load_projection(instance), clearance=self.clearance)
        except SarcomaReviewError as problem:
            return problem

    @cached_property
    def segments(self) -> list[Segment]:
        """Every outlined structure, on the volume it was drawn on."""
        return [segment for read in self._outlines if isinstance(read, list) for segment in read]

    def segment(self, name: str) -> Segment:
        """Give the segment of this name.

        Raises
        ------
        DicomError
            If there is none, or more than one, listing the names there are.
        """
        fitting = [segment for segment in self.segments if segment.name.lower() == name.lower()]
        if len(fitting) != 1:
            names = ", ".join(repr(segment.name) for segment in self.segments) or "none"
            refused = "".join(f"; {issue}" for issue in self.issues) if not self.segments else ""
            raise DicomError(
                f"expected one segment named {name!r}, found {len(fitting)}; there are: {names}{refused}"
            )
        return fitting[0]

    def carrier(self, segment: Segment) -> Volume:
        """Give the volume that a segment of this study was drawn on.

        Raises
        ------
        DicomError
            If none of its volumes can be read.
        """
        for volume in self.volumes:
            if volume.series_uid == segment.mask.series_uid and volume.grid.same_as(segment.mask.grid):
                return volume
        raise DicomError(f"no volume of this study carries the segment {segment.name!r}")

    @property
    def skipped(self) -> list[tuple[Path, str]]:
        """Files and images that are in no volume, each with the reason."""
        residue = [left for entry in self.index.series.values() for left in entry.residue]
        return self.index.skipped + residue

    @property
    def issues(self) -> list[str]:
        """What was refused, and what was accepted and should be known."""
        noted = []
        for spec in self.specs:
            loaded = self._load(spec)
            reasons = [str(loaded)] if isinstance(loaded, SarcomaReviewError) else list(loaded.issues)
            noted += [f"{spec.modality} {spec.description}: {reason}" for reason in reasons]
        for film in self._films:
            reasons = [str(film)] if isinstance(film, SarcomaReviewError) else list(film.issues)
            noted += [f"plain film: {reason}" for reason in reasons]
        return noted + [str(read) for read in self._outlines if isinstance(read, SarcomaReviewError)]

    @cached_property
    def _outlines(self) -> list[list[Segment] | SarcomaReviewError]:
        return [self._outline(entry.modality, instance) for entry, instance in self._outline_files()]

    def _outline_files(self) -> Iterator[tuple[SeriesEntry, Instance]]:
        for entry in self._entries:
            if entry.modality in _READERS:
                yield from ((entry, instance) for instance in entry.instances)

    def _outline(self, modality: str, instance: Instance) -> list[Segment] | SarcomaReviewError:
        refusal: SarcomaReviewError = DicomError(f"{modality}: no volume of this study carries it")
        try:
            candidates = self._candidates(instance)
        except SarcomaReviewError as problem:
            return problem
        for volume in candidates:
            try:
                instance.require_unchanged()
                return _READERS[modality](instance.path, onto=volume)
            except SarcomaReviewError as problem:
                refusal = problem
        return refusal

    def _candidates(self, outline: Instance) -> list[Volume]:
        """Volumes an outline may lie on: those whose images or series it names; else any, for its space decides."""
        named = outline.referenced_uids()
        fits = [volume for volume in self.volumes if named & {volume.series_uid, *volume.slice_uids}]
        return fits or self.volumes

    def _load(self, spec: VolumeSpec) -> Volume | SarcomaReviewError:
        key = id(spec)
        if key not in self._loaded:
            try:
                self._loaded[key] = self._flagged(spec, replace(spec.load(), clearance=self.clearance))
            except SarcomaReviewError as problem:
                self._loaded[key] = problem
        return self._loaded[key]

    def _flagged(self, spec: VolumeSpec, volume: Volume) -> Volume:
        """The volume, closed to export where a head may lie in its field of view."""
        stated = [self.heads.get(str(instance.path)) for instance in spec.instances]
        if None in stated:
            from sarcoma_review.privacy.head import in_field_of_view  # brings scipy: where no receipt tells

            head = in_field_of_view([header_with(spec.instances[0], KEYWORDS)], volume)
        else:
            head = next(filter(None, stated), "")
        said = (f"a head may lie in the field of view, export is closed: {head}",) if head else ()
        return replace(volume, head=head, issues=(*volume.issues, *said))

    def __repr__(self) -> str:
        kinds = ", ".join(f"{spec.modality} {' x '.join(map(str, spec.grid.shape))}" for spec in self.specs)
        return f"<Study {kinds or 'without volumes'}; {len(self.skipped)} file(s) left out>"


def _fetched(
    address: str, headers: Mapping[str, str] | None, verify: bool | str | Path, progress: Progress | None
) -> tuple[Path, Unpacked | None]:
    service, uid = archive_and_study(address)
    home = Archive(service, headers or {}, verify=verify).fetch(uid, progress=progress)
    return home.folder, home


def open_study(
    path: str | Path,
    *,
    progress: Progress | None = None,
    headers: Mapping[str, str] | None = None,
    verify: bool | str | Path = True,
) -> Study:
    """Open a study of de-identified DICOM files: a folder, a zip archive, or a study in a DICOMweb archive.

    What comes from an archive lies in a temporary folder, which only its owner can read and which lives as long as
    the study or any volume of it that is not yet read.

    Parameters
    ----------
    path : path-like
        A folder, searched with all folders below it; its DICOMDIR; a zip archive; one file; or an address,
        ``dicomweb+https://SERVICE/studies/UID``.
    progress : callable, optional
        Called with files done and files in all, while images come in and while headers are read.
    headers, verify
        Of a DICOMweb archive, as for `Archive`.

    Returns
    -------
    Study

    Raises
    ------
    NotDeidentifiedError
        If any file holds what could name a patient. The message lists the elements, their values masked.
    NotDicomError
        If there is no DICOM image or outline in the folder.
    DicomError
        If a zip archive is damaged, encrypted or not to be trusted.
    ArchiveError
        If a DICOMweb archive refuses, falls silent, or sends other than it lists.
    """
    place, home = (
        _fetched(str(path), headers, verify, progress) if is_web(path) else place_of(path, progress=progress)
    )
    admission = admit(place)
    index = index_files(admission.files, progress=progress, home=home)
    index.skipped.extend((Path(name), reason) for name, reason in admission.skipped)
    if not index.series:
        raise NotDicomError(f"expected a DICOM file that can be read, found {len(index.skipped)} other file(s)")
    return Study(index, admission.clearance, admission.heads)

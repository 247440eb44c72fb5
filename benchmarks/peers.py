"""Other ways to measure a margin, each called as its own documentation says; installed by the extra ``bench``.

A peer that works on voxels is given the specimen as a mask on the tumour's grid. Positions are ``(slice, row,
column)`` indices, distances mm.
"""

import warnings

import numpy as np
import SimpleITK as sitk
from scipy import ndimage

from sarcoma_review.volume import Volume

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # deprecated names of scipy
    import surface_distance
    import vtk
    from medpy.metric import binary
    from vtk.util import numpy_support

Mapped = tuple[np.ndarray, np.ndarray]


def medpy_map(tumour: np.ndarray, specimen: np.ndarray, spacing_mm: tuple[float, ...]) -> Mapped:
    """Index of the tumour's border voxels, and their distance to the specimen's; MONAI and QAM do the same."""
    distances = getattr(binary, "__surface_distances")(tumour, specimen, spacing_mm)
    border = tumour ^ ndimage.binary_erosion(tumour)
    return np.argwhere(border), distances


def simpleitk_map(tumour: np.ndarray, specimen: np.ndarray, spacing_mm: tuple[float, ...]) -> Mapped:
    """Index of the tumour's contour voxels, and the specimen's distance map of Maurer there."""
    body, outline = sitk.GetImageFromArray(specimen.view(np.uint8)), sitk.GetImageFromArray(tumour.view(np.uint8))
    for image in (body, outline):
        image.SetSpacing(spacing_mm[::-1])
    inside = sitk.SignedMaurerDistanceMap(body, insideIsPositive=True, squaredDistance=False, useImageSpacing=True)
    contour = sitk.GetArrayFromImage(sitk.LabelContour(outline)) > 0
    return np.argwhere(contour), sitk.GetArrayFromImage(inside)[contour]


def surface_distance_least(tumour: np.ndarray, specimen: np.ndarray, spacing_mm: tuple[float, ...]) -> float:
    """Least distance of the package surface-distance, which tells no positions."""
    found = surface_distance.compute_surface_distances(tumour, specimen, spacing_mm)
    return float(found["distances_gt_to_pred"].min())


def slicer_surface(mask: Volume) -> tuple[np.ndarray, np.ndarray]:
    """Vertices (LPS mm) and faces as 3D Slicer makes a closed surface by default.

    Flying edges on the bare mask, then the windowed sinc filter at smoothing factor 0.5, both among the indices.
    """
    padded = np.pad(mask.array, 1).astype(np.uint8)
    image = vtk.vtkImageData()
    image.SetDimensions(padded.shape[::-1])
    image.GetPointData().SetScalars(numpy_support.numpy_to_vtk(padded.ravel(), deep=True))
    edges = vtk.vtkDiscreteFlyingEdges3D()
    edges.SetInputData(image)
    edges.ComputeGradientsOff()
    edges.ComputeNormalsOff()
    edges.SetValue(0, 1)
    smoother = vtk.vtkWindowedSincPolyDataFilter()
    smoother.SetInputConnection(edges.GetOutputPort())
    smoother.SetNumberOfIterations(20)
    smoother.SetPassBand(10.0 ** (-4.0 * 0.5))
    smoother.BoundarySmoothingOff()
    smoother.FeatureEdgeSmoothingOff()
    smoother.NonManifoldSmoothingOn()
    smoother.NormalizeCoordinatesOn()
    smoother.Update()
    surface = smoother.GetOutput()
    points = numpy_support.vtk_to_numpy(surface.GetPoints().GetData()).astype(np.float64)
    faces = numpy_support.vtk_to_numpy(surface.GetPolys().GetConnectivityArray()).reshape(-1, 3)
    return mask.position_mm(points[:, ::-1] - 1), faces

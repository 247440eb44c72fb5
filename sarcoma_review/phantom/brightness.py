"""How bright the tissues are, by kind of image."""

HU = {
    "air": -1000.0, "skin": 15.0, "fat": -104.0, "septum": 30.0, "muscle": 60.0, "tendon": 92.0, "ligament": 84.0,
    "artery": 47.0, "vein": 45.0, "nerve": 30.0, "cortex": 1480.0, "trabecular": 470.0, "marrow": -66.0,
    "cartilage": 96.0, "fluid": 14.0, "tumour": 50.0, "osteoid": 760.0, "necrosis": 22.0, "cement": 260.0,
    "gas": -960.0, "wall": 44.0, "content": 22.0, "urine": 6.0, "gland": 42.0, "disc": 82.0,
    "cord": 38.0, "lung": -860.0, "thyroid": 108.0,
}  # fmt: skip
"""CT numbers of the tissues at about 120 kV."""

T1 = {
    "air": 0.0, "skin": 420.0, "fat": 1000.0, "septum": 330.0, "muscle": 330.0, "tendon": 60.0, "ligament": 110.0,
    "artery": 45.0, "vein": 120.0, "nerve": 480.0, "cortex": 25.0, "trabecular": 560.0, "marrow": 930.0,
    "cartilage": 430.0, "fluid": 210.0, "tumour": 310.0, "osteoid": 120.0, "necrosis": 235.0,
    "gas": 0.0, "wall": 330.0, "content": 300.0, "urine": 170.0, "gland": 350.0, "disc": 300.0,
    "cord": 460.0, "lung": 25.0, "thyroid": 390.0,
}  # fmt: skip
"""Signal of the tissues in a T1-weighted spin echo, fat being 1000."""

T2 = {
    "air": 0.0, "skin": 260.0, "fat": 720.0, "septum": 200.0, "muscle": 150.0, "tendon": 30.0, "ligament": 45.0,
    "artery": 40.0, "vein": 110.0, "nerve": 380.0, "cortex": 15.0, "trabecular": 240.0, "marrow": 520.0,
    "cartilage": 210.0, "fluid": 1000.0, "tumour": 520.0, "osteoid": 120.0, "necrosis": 850.0,
    "gas": 0.0, "wall": 240.0, "content": 500.0, "disc": 360.0, "cord": 300.0, "lung": 20.0, "thyroid": 430.0,
}  # fmt: skip
"""Signal of the tissues in a T2-weighted fast spin echo, cerebrospinal fluid being 1000."""

STIR = {
    "air": 0.0, "skin": 150.0, "fat": 40.0, "septum": 90.0, "muscle": 190.0, "tendon": 30.0, "ligament": 50.0,
    "artery": 50.0, "vein": 520.0, "nerve": 330.0, "cortex": 12.0, "trabecular": 60.0, "marrow": 85.0,
    "cartilage": 260.0, "fluid": 950.0, "tumour": 640.0, "osteoid": 160.0, "necrosis": 900.0,
    "gas": 0.0, "wall": 300.0, "content": 560.0, "urine": 1000.0, "gland": 430.0, "disc": 320.0,
}  # fmt: skip
"""Signal of the tissues with fat nulled by inversion, urine being 1000."""

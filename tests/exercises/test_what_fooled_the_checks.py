"""What once fooled the checks or misled a reader: which exercise, test or text holds it, and that it does.

ANSWERS are answers that were misjudged or explained badly; TEXTS, texts and doors that were amiss. Letters:
A a wrong answer was accepted, B a right one was refused or a reader hindered, C a command failed, D an
explanation was untrue.
"""

import re
from pathlib import Path

import pytest

import course
from judging import RIGHT, WRONG

ROOT = Path(__file__).parents[2]
# (what it was, exercise, a piece of the answer's code, its verdict, a part of what it is told). The
# answers stand in the sources; test_exercises.py runs them. A2's exercise is gone: its mistakes, in 01d.
ANSWERS = [
    ("A1 one array that grows", "07b", "np.vstack([e, b])", WRONG, "memory grows"),
    ("A1 copies of all blocks", "07b", "[np.array(b) for b in blocks]", WRONG, "memory grows"),
    ("A1 all distances", "07b", "np.hstack([queries @ b.T for b in blocks])", WRONG, "memory grows"),
    ("A1 zeros as the start", "07b", "np.zeros((len(queries), k))", WRONG, "begin with zeros"),
    ("A2 test digits in the index", "01d", "embed(x_test[chosen]), y_test[chosen])", WRONG, "test digits"),
    ("A2 an index that grows", "01d", "grown.add", WRONG, "the index holds"),
    ("A2 the first queries alone", "01d", "y_test[:400]", WRONG, "is right"),
    ("A3 the notebook's truth", "03d", "np.flatnonzero(labels != truth)", WRONG, "stopped"),
    ("A3 the notebook's order", "03d", "np.repeat(np.arange(10), len(labels) // 10)", WRONG, "of the wrong"),
    ("A4 anchors with a positive", "01g", "[positive.any(axis=1)])", WRONG, "have a positive"),
    ("A5 np.random for rng", "01b", "chosen = np.random", WRONG, "a second time with the same seed"),
    ("A5 np.random for rng", "01e", "np.random.randint", WRONG, "the same seed"),
    ("A5 simlib.augment", "01e", "return distort(images, rng", WRONG, "simlib's own"),
    ("A5 flip plus shift", "01e", "moved[:, :, ::-1], moved", WRONG, "mirrored"),
    ("A6 0.25", "05c", "cutpoint = 0.25", WRONG, "from `known`"),
    ("A7 the largest size", "01f", "means[max(means)]", WRONG, "*largest* size"),
    ("A7 three seeds", "01f", "sum(values) / 3", WRONG, "is right"),
    ("A8 the tie rule", "04b", "np.unique(distances)[::-1]", WRONG, "of equally cheap"),
    ("A9 an untrained network", "06c", "Adam(0.0)", WRONG, "hardly learned"),
    ("A9 calibrated on indexed digits", "06c", "model.calibrate(x_train[:100]", WRONG, "stand in the index"),
    ("A10 > for >=", "07c", "truth) > share", WRONG, "reaches exactly"),
    ("A10 range(1, 100)", "07c", "range(1, 100)", WRONG, "None"),
    ("A11 unsorted argpartition", "02b", "return np.argpartition(1 - q @ v.T, k - 1", WRONG, "in no order"),
    ("A11 argpartition one too early", "02b", "max(k - 2, 0)", WRONG, "is right"),
    ("A11 unsorted argpartition", "07b", "np.argpartition(-best", WRONG, "in no order"),
    ("A12 one-hot labels", "01c", "np.eye(10)[y_new]", WRONG, "one of simlib's losses"),
    ("B try and except", "06b", "except TypeError", RIGHT, ""),
    ("B an isinstance guard", "06b", "if not isinstance", RIGHT, ""),
    ("B return True", "06b", "return True", WRONG, "must be one of"),
    ("B return False", "06b", "return False", WRONG, "must be one of"),
    ("B exactly 10% of the known", "05c", "np.quantile(known.distances[:, 0], 0.9)", RIGHT, ""),
    ("B model.index", "01d", "    model.index(x_index, y_index)  #", RIGHT, ""),
    ("B another learning rate", "01c", 'TripletLoss(margin=0.2)', WRONG, "collapsed, too"),
    ("B averaged in place", "01f", "results[size] = sum(results[size])", RIGHT, ""),
    ("B a set", "03d", "found = set()", RIGHT, ""),
    ("B a list", "02b", "[:, :k].tolist()", RIGHT, ""),
    ("B whole-number floats", "03b", ".astype(float)", RIGHT, ""),
    ("B 0/1 for booleans", "05c", ".astype(int)", RIGHT, ""),
    ("B (1,) for a number", "01f", "np.array([sizes[", RIGHT, ""),
    ("B a tensor", "01c", "keras.ops.convert_to_tensor", RIGHT, ""),
    ("D a tie is no matter of cost", "04b", "np.unique(distances)[::-1]", WRONG, "you take the largest"),
    ("D brightness is no order", "01e", "image * rng.uniform(0.6, 1)", WRONG, "asked for"),
    ("D one shift for all", "01e", "[rng.integers(-3, 4, 2)] * len(images)", WRONG, "the same way"),
    ("D the smaller label", "05b", "np.bincount(row).argmax()", WRONG, "by the smaller label"),
    ("D another tie rule", "05b", "counts.index(max(counts))", WRONG, "is right"),
    ("D recall@k", "07c", "len(set(t) & set(f)) / len(t)", WRONG, "this is the recall"),
    ("D suspects", "03d", "agree.sum(axis=1) <= 7", WRONG, "innocent"),
    ("D mining", "01g", "simlib.MultiSimilarityLoss(alpha, beta, lam)(", WRONG, "(`epsilon`)"),
]  # fmt: skip
# (what it was, file, what stands in it): a test, or a text that the reader sees.
COURSE, NOTEBOOKS = (f"tests/exercises/test_exercise_{name}.py" for name in ("course", "notebooks"))
TEXTS = [
    ("A2", "exercises/README.md", r"(?s)^(?!.*02a_how_many_examples)"),
    ("B another learning rate", "exercises/src/01c_collapse.py", r"smaller learning rate\n.*does not do it"),
    ("B lower the learning rate", "README.md", r"(?s)^(?!.*learning rate)"),
    ("B mirroring", "exercises/src/01e_augmentation.py", r"The accuracy may not even notice"),
    ("B the reader's own results", COURSE, r"def test_the_inputs_survive"),
    ("B what NumPy would take", COURSE, r"def test_what_numpy_would_take_is_taken"),
    ("C1 generate", NOTEBOOKS, r"def test_what_somebody_has_written_is_left_alone"),
    ("C1 --force", NOTEBOOKS, r"def test_force_keeps_a_copy"),
    ("C1 make test", NOTEBOOKS, r"def test_no_test_fails_for_what_a_reader_has"),
    ("C2 make lab", "Makefile", r'jupyter lab --ServerApp.root_dir="\$\(CURDIR\)"'),
    ("C3 any folder", NOTEBOOKS, r'"02a_two_vectors", "\."\), \("01a_pairs", "notebooks"'),
    ("C4 no threads", COURSE, r"def test_where_no_thread_can_start"),
    ("D mining", "exercises/src/01g_loss_from_formula.py", r"first drops the pairs that are easy already"),
    ("D proven or not given", COURSE, r"def test_a_mistake_is_named_if_it_makes_all"),
    ("D arguments", COURSE, r"def test_a_wrong_number_of_answers_is_told"),
]  # fmt: skip


@pytest.mark.parametrize("line, exercise, code, state, told", ANSWERS, ids=[case[0] for case in ANSWERS])
def test_an_answer_that_was_misjudged_is_tried(line, exercise, code, state, told):
    (name,) = [name for name in course.names() if name.startswith(exercise)]
    assert any(
        code in answer and state == verdict and told.replace("...", "") in text
        for _, answer, verdict, text in course.Exercise(name).attempts()
    )


@pytest.mark.parametrize("line, file, pattern", TEXTS, ids=[text[0] for text in TEXTS])
def test_a_text_or_a_door_that_was_amiss_is_held(line, file, pattern):
    assert re.search(pattern, (ROOT / file).read_text(encoding="utf-8"))

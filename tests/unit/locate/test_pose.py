from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vision.locate.mesh import LANDMARK_COUNT
from vision.locate.pose import facing_share, head_pose_deg


def face():
    """A made-up head: the landmarks that pose reads, mirror-symmetric, everything else at the origin."""
    points = np.zeros((LANDMARK_COUNT, 3))
    for right, left, place in ((33, 263, (45, -20, 10)), (127, 356, (70, -20, 60)), (234, 454, (72, 0, 65))):
        points[right], points[left] = np.multiply(place, (-1, 1, 1)), place
    points[10], points[151], points[9], points[2] = (0, -90, 0), (0, -60, 0), (0, -40, 0), (0, 40, 0)
    return points


def turned(points, nod_deg, turn_deg, lean_deg):
    n, t, r = np.radians([nod_deg, turn_deg, lean_deg])
    nod = np.array([[1, 0, 0], [0, np.cos(n), -np.sin(n)], [0, np.sin(n), np.cos(n)]])
    turn = np.array([[np.cos(t), 0, -np.sin(t)], [0, 1, 0], [np.sin(t), 0, np.cos(t)]])
    lean = np.array([[np.cos(r), -np.sin(r), 0], [np.sin(r), np.cos(r), 0], [0, 0, 1]])
    return points @ (lean @ turn @ nod).T


@given(st.floats(-60, 60), st.floats(-70, 70), st.floats(-170, 170), st.floats(0.2, 9))
def test_the_angles_of_a_turned_head_are_recovered(nod_deg, turn_deg, lean_deg, size):
    points = turned(face() * size, nod_deg, turn_deg, lean_deg) + np.array([300, 200, 5])
    assert head_pose_deg(points) == pytest.approx([nod_deg, turn_deg, lean_deg], abs=1e-6)


def test_the_signs_are_those_of_the_docstring():
    looks_right = turned(face(), 0, 20, 0)
    assert looks_right[263, 2] > looks_right[33, 2]  # the eye on the picture's right has moved away
    looks_down = turned(face(), 20, 0, 0)
    assert looks_down[10, 2] < looks_down[2, 2]  # the forehead has come nearer than the nose


def test_an_outline_that_turns_away_loses_its_share():
    square = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0.0]])
    assert facing_share(square) == pytest.approx(1.0)
    tilted = square * (np.cos(np.radians(60)), 1, 1) + square[:, :1] * (0, 0, np.sin(np.radians(60)))
    assert facing_share(tilted) == pytest.approx(0.5)
    assert facing_share(square[::-1]) == pytest.approx(-1.0)
    assert facing_share(np.zeros((4, 3))) == 0.0

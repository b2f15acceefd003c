"""Finding the face, the eye or the skin: regions that move with the body part."""

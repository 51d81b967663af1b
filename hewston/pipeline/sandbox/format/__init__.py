"""What crosses the sandbox's wall: bars go in, an answer comes out that nobody believes unread."""

from hewston.pipeline.sandbox.format.answers import Said, read_answer
from hewston.pipeline.sandbox.format.forged import ForgedAnswerError
from hewston.pipeline.sandbox.format.frames import encode_frame, group_columns

__all__ = ["ForgedAnswerError", "Said", "encode_frame", "group_columns", "read_answer"]

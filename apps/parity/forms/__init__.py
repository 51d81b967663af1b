"""What people type about parity."""

from apps.parity.forms.boards import BoardForm, BoardRows

__all__ = ["BoardForm", "BoardRows"]

"""How a call goes out: connections that know how far every request got, and what came back."""

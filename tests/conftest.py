"""What every test needs: eventlet first. A container started without the patch hangs (nameko 2.13 and later)."""

import eventlet

eventlet.monkey_patch()

"""The tools over HTTP, under the same tokens as the API: each request by itself, so nothing is kept between two."""

from __future__ import annotations

from mcp.server.mcpserver import MCPServer
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from steadycast.api.tools import Caller, asked_by, server
from steadycast.pipeline.open_workspace import Opened


class Tools:
    """The ASGI application behind the door of the API."""

    def __init__(self, opened: Opened) -> None:
        self._opened = opened
        self._server: MCPServer = server()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, for the person whose token it carries."""
        request = Request(scope)
        desk = f"{request.url.scheme}://{request.url.netloc}"
        manager = StreamableHTTPSessionManager(self._server._lowlevel_server, json_response=True, stateless=True)
        with asked_by(Caller(self._opened, request.state.person, desk)):
            async with manager.run():
                await manager.handle_request(scope, receive, send)

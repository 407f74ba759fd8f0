"""Prints each message of a WebSocket on a line of its own, and in the end the code that the server closed with."""
import asyncio
import sys

import websockets


async def listen(url):
    async with websockets.connect(url, ping_interval=0.05, subprotocols=["triport.v1"]) as socket:
        try:
            async for text in socket:
                print(text, flush=True)
        except websockets.ConnectionClosed as end:
            print(end.rcvd.code, flush=True)


asyncio.run(listen(sys.argv[1]))

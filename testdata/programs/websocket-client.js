// Node's own WebSocket client (--experimental-websocket).
const socket = new WebSocket('ws://127.0.0.1:8081/chat');
socket.onopen = () => socket.send('Hello');
socket.onmessage = () => socket.close();

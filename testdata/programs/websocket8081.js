// A WebSocket server of a few lines (RFC 6455), which answers one message.
const http = require('http');
const crypto = require('crypto');

const server = http.createServer((request, response) => response.end('Hello'));
server.on('upgrade', (request, socket) => {
  const key = request.headers['sec-websocket-key'] + '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
  const accept = crypto.createHash('sha1').update(key).digest('base64');
  socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ' + accept + '\r\n\r\n');
  socket.on('data', (data) => {
    if ((data[0] & 15) === 1) socket.write(Buffer.concat([Buffer.from([0x81, 5]), Buffer.from('World')]));
    if ((data[0] & 15) === 8) socket.end(Buffer.from([0x88, 0]));
  });
  socket.on('close', () => server.close());
});
server.listen(8081, '127.0.0.1', () => console.log('ready'));

// The first server of a Node course.
const net = require('net');

const server = net.createServer((socket) => {
  console.log('Client connected');
  socket.on('data', (data) => {
    console.log(data.toString());
    console.log(data);
    socket.write('Hello World form the server!');
  });
  socket.on('end', () => {
    console.log('Client disconnected');
    server.close();
  });
});
server.listen(3000, '127.0.0.1', () => console.log('ready'));

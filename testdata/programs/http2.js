// An HTTP/2 server: without TLS on port 8082, with it on 8443 where a key is
// given.
const http2 = require('http2');
const fs = require('fs');

const [key, cert] = process.argv.slice(2);
const server = key ? http2.createSecureServer({ key: fs.readFileSync(key), cert: fs.readFileSync(cert) }) : http2.createServer();
server.on('stream', (stream) => {
  stream.respond({ ':status': 200, 'content-type': 'text/plain' });
  stream.end('Hello\n');
});
server.on('session', (session) => session.on('close', () => server.close()));
server.listen(key ? 8443 : 8082, '127.0.0.1', () => console.log('ready'));

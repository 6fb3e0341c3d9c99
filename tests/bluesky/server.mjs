// The real server of the AT Protocol (@atproto/pds), and beside it, in memory, the directory of accounts (PLC) that it asks.
// Usage: node server.mjs FOLDER PORT. It writes FOLDER/ready.json when both listen and the accounts are there.
// Both listen on 127.0.0.1 only, and no other host is called.
import { createHash } from 'node:crypto'
import fs from 'node:fs'
import http from 'node:http'
import net from 'node:net'

const [folder, port] = process.argv.slice(2)
const key = (name) => createHash('sha256').update(`steadycast ${name}`).digest('hex')

// The server would listen on every address of the machine.
const listen = net.Server.prototype.listen
net.Server.prototype.listen = function (...given) {
  if (typeof given[0] !== 'object') given.splice(0, 1, { port: Number(given[0]), host: '127.0.0.1' })
  return listen.apply(this, given.filter((each) => typeof each !== 'string'))
}

// The directory: an account's newest operation, and the document that is made of it.
const accounts = new Map()
const directory = http.createServer(async (request, answer) => {
  const [, did, ...rest] = decodeURIComponent(request.url).split('/')
  if (request.method === 'POST') {
    let body = ''
    for await (const chunk of request) body += chunk
    accounts.set(did, JSON.parse(body))
  }
  const known = accounts.get(did)
  answer.writeHead(known ? 200 : 404, { 'content-type': 'application/json' })
  answer.end(JSON.stringify(known && (rest[0] === 'data' ? { did, ...known } : document(did, known))))
})
const document = (did, { alsoKnownAs, verificationMethods, services }) => ({
  '@context': ['https://www.w3.org/ns/did/v1'],
  id: did,
  alsoKnownAs,
  verificationMethod: Object.entries(verificationMethods).map(([name, value]) => ({
    id: `${did}#${name}`, type: 'Multikey', controller: did, publicKeyMultibase: value.replace('did:key:', ''),
  })),
  service: Object.entries(services).map(([name, { type, endpoint }]) => ({ id: `#${name}`, type, serviceEndpoint: endpoint })),
})
await new Promise((ready) => directory.listen(0, ready))

fs.mkdirSync(`${folder}/blobs`, { recursive: true })
Object.assign(process.env, {
  PDS_HOSTNAME: 'localhost', PDS_PORT: port, PDS_DEV_MODE: 'true', PDS_DISABLE_SSRF_PROTECTION: 'true', LOG_ENABLED: 'false',
  PDS_DATA_DIRECTORY: folder, PDS_BLOBSTORE_DISK_LOCATION: `${folder}/blobs`, PDS_BLOBSTORE_DISK_TMP_LOCATION: `${folder}/new-blobs`,
  PDS_DID_PLC_URL: `http://127.0.0.1:${directory.address().port}`, PDS_SERVICE_HANDLE_DOMAINS: '.test', PDS_INVITE_REQUIRED: 'false',
  PDS_DPOP_SECRET: key('dpop'), PDS_JWT_SECRET: key('jwt'), PDS_PLC_ROTATION_KEY_K256_PRIVATE_KEY_HEX: key('rotation'),
  PDS_ADMIN_PASSWORD: 'admin-pass-1', PDS_RATE_LIMITS_ENABLED: 'true',
})
const { PDS, readEnv, envToCfg, envToSecrets } = await import('@atproto/pds')
const env = readEnv()
const server = await PDS.create(envToCfg(env), envToSecrets(env))
await server.start()

const url = `http://127.0.0.1:${port}`
const call = async (name, body, token) => {
  const headers = { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) }
  const answer = await fetch(`${url}/xrpc/com.atproto.server.${name}`, { method: 'POST', headers, body: JSON.stringify(body) })
  if (!answer.ok) throw new Error(`${name}: ${answer.status} ${await answer.text()}`)
  return answer.json()
}
const made = async (name) => call('createAccount', { handle: `${name}.test`, email: `${name}@example.test`, password: `${name}-pass-1` })
const [club, alice] = [await made('club'), await made('alice')]
const { password } = await call('createAppPassword', { name: 'steadycast' }, club.accessJwt)
fs.writeFileSync(`${folder}/ready.new`, JSON.stringify({ url, handle: 'club.test', did: club.did, password, own_password: 'club-pass-1', alice: alice.did }))
fs.renameSync(`${folder}/ready.new`, `${folder}/ready.json`)

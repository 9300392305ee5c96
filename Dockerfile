# Builds the web app and the console, then the server with both in it, and keeps only the server.

FROM node:22-bookworm-slim AS web
WORKDIR /web
COPY web/package.json web/package-lock.json web/.npmrc ./
RUN npm ci --omit=dev --include=optional
COPY web/ ./
RUN npm run build

FROM rust:1.95-slim-bookworm AS server
# The image has a C compiler, for the bundled SQLite and the allocator. The allocator's build script also runs make.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends make \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /guildhall
# Builds the dependencies with empty sources, in a layer that is valid until a manifest or the lock file changes. The benchmarks
# are not built, but cargo reads the manifest of every member of the workspace and requires a source file for it.
COPY Cargo.toml Cargo.lock ./
COPY .cargo/ .cargo/
COPY crates/ crates/
COPY src/Cargo.toml src/
RUN mkdir --parents program crates/bench/src web/src/gql \
    && touch src/lib.rs \
    && echo 'fn main() {}' >program/main.rs \
    && cp program/main.rs src/build.rs \
    && cp program/main.rs crates/bench/src/main.rs \
    && echo '[]' >web/routes.json \
    && echo '{}' >web/src/gql/persisted-documents.json \
    && GUILDHALL_SKIP_WEB=1 cargo build --release --locked \
    && rm -r src program web
COPY migrations/ migrations/
COPY data/ data/
COPY program/ program/
COPY src/ src/
COPY web/routes.json web/
COPY web/src/gql/persisted-documents.json web/src/gql/
COPY --from=web /web/dist /dist
# The empty sources were built after the real ones were last changed, so cargo would not build again without this.
RUN touch program/main.rs src/build.rs src/lib.rs crates/web/src/lib.rs \
    && GUILDHALL_WEB=/dist cargo build --release --locked \
    && install -d -o 10001 -g 10001 /data

FROM debian:bookworm-slim
LABEL org.opencontainers.image.title="Guildhall" \
      org.opencontainers.image.description="The server behind a gaming guild's site: roster, ranks, votes and live tallies over GraphQL" \
      org.opencontainers.image.licenses="MIT OR Apache-2.0"
COPY --from=server /guildhall/target/release/guildhall /usr/local/bin/guildhall
COPY --from=server --chown=10001:10001 /data /data
USER 10001:10001
# The server writes nowhere else, so the root file system may be read-only.
VOLUME /data
WORKDIR /data
ENV DATABASE_URL=sqlite:///data/guildhall.db \
    GUILDHALL_BIND=0.0.0.0:8080
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 CMD ["guildhall", "health"]
ENTRYPOINT ["guildhall"]
CMD ["serve"]

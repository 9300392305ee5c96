import type { CodegenConfig } from '@graphql-codegen/cli';
import { addTypenameSelectionDocumentTransform } from '@graphql-codegen/client-preset';

const config: CodegenConfig = {
  schema: '../../schema.graphql',
  documents: ['typed.ts', 'session.mjs'],
  generates: {
    './gql/': {
      preset: 'client',
      // What a cache adds to a document before it is sent has to be there already when only its hash is sent.
      documentTransforms: [addTypenameSelectionDocumentTransform],
      // gql/persisted-documents.json: every document under the SHA-256 of its text.
      presetConfig: { persistedDocuments: { hashAlgorithm: 'sha256' } },
      config: {
        // A time is a string in RFC 3339, such as 2026-01-31T20:00:00+00:00.
        scalars: { ID: 'string', DateTime: 'string' },
        strictScalars: true,
        enumsAsTypes: true,
        useTypeImports: true,
      },
    },
  },
};

export default config;

import type { CodegenConfig } from '@graphql-codegen/cli';
import { addTypenameSelectionDocumentTransform } from '@graphql-codegen/client-preset';

const config: CodegenConfig = {
  schema: '../../schema.graphql',
  documents: ['typed.ts', '../../web/src/client/session.js'],
  generates: {
    './gql/': {
      preset: 'client',
      // Adds `__typename` now, as a cache does later, so that the document that is sent has the hash below.
      documentTransforms: [addTypenameSelectionDocumentTransform],
      // Writes gql/persisted-documents.json: each document by the SHA-256 of its text.
      presetConfig: { persistedDocuments: { hashAlgorithm: 'sha256' } },
      config: {
        // DateTime is a string in RFC 3339, such as 2026-01-31T20:00:00+00:00.
        scalars: { ID: 'string', DateTime: 'string' },
        strictScalars: true,
        enumsAsTypes: true,
        useTypeImports: true,
      },
    },
  },
};

export default config;

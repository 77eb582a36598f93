/** Messages and service definitions, generated from proto/ by `nx run proto:codegen`. One namespace for each package. */
export * as health from './gen/grpc/health/v1/health.pb.ts';
export * as reflection from './gen/grpc/reflection/v1/reflection.pb.ts';
export * as reflectionAlpha from './gen/grpc/reflection/v1alpha/reflection.pb.ts';
export * as admin from './gen/skerry/admin/v1/admin.pb.ts';
export * as auth from './gen/skerry/auth/v1/auth.pb.ts';
export * as cassandra from './gen/skerry/cassandra/v1/cassandra.pb.ts';
export * as common from './gen/skerry/common/v1/common.pb.ts';
export * as copies from './gen/skerry/data/v1/copies.pb.ts';
export * as data from './gen/skerry/data/v1/data.pb.ts';
export * as discovery from './gen/skerry/discovery/v1/discovery.pb.ts';
export * as group from './gen/skerry/group/v1/group.pb.ts';
export * as processing from './gen/skerry/processing/v1/processing.pb.ts';
export * as raft from './gen/skerry/raft/v1/raft.pb.ts';
export * as routing from './gen/skerry/routing/v1/routing.pb.ts';
export * as testing from './gen/skerry/testing/v1/echo.pb.ts';
export { descriptorSet } from './gen/descriptors.ts';
export { BinaryWriter, GatherWriter, pieceSizeMinBytes } from './gather-writer.ts';

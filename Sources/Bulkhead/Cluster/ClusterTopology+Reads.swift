import BulkheadCommands
import BulkheadNetworking
import BulkheadRESP

// Reads that replicas may answer. Whatever a replica does not answer as it should goes to the primary, as all else.

extension ClusterTopology {
    /// Replicas that are asked for one read before the primary is.
    private static let mostReaders = 2

    /// The replicas that may answer a request; nil where none may.
    func readers(for request: some Request, of binding: DatabaseBinding) -> ReplicaReaders? {
        guard let readers, binding.permitsReplicas, request.onlyReadsKeys else { return nil }
        return readers
    }

    /// The replies of a replica to commands about these slots, one each, all of one primary; nil has the primary asked.
    func read(
        _ bytes: [UInt8], _ count: Int, of slots: [HashSlot], from readers: ReplicaReaders?, on lane: Lane,
        until deadline: Deadline
    ) async throws(ConnectionFailure) -> [RESPValue]? {
        guard let readers else { return nil }
        var tried: [Endpoint] = []
        while tried.count < Self.mostReaders, let reader = reader(of: slots, in: readers, besides: tried) {
            tried.append(reader.endpoint)
            do {
                let replies = try await readers.read(at: reader) { () async throws(ConnectionFailure) in
                    try await reader.node.sendAll(
                        bytes, count: count, on: lane, until: ReplicaReaders.share(of: deadline))
                }
                switch judge(replies, to: bytes, of: slots, by: reader, in: readers) {
                case .stands: return replies
                case .ofOthers: return nil
                case .failed: continue
                }
            } catch {
                if error.reason == .cancelled || deadline.isOver { throw error }
                readers.failed(reader.endpoint)
            }
        }
        return nil
    }

    /// The same on the caller's thread.
    func read(
        _ bytes: [UInt8], _ count: Int, of slots: [HashSlot], from readers: ReplicaReaders?, until deadline: Deadline
    ) throws(ConnectionFailure) -> [RESPValue]? {
        guard let readers else { return nil }
        var tried: [Endpoint] = []
        while tried.count < Self.mostReaders, let reader = reader(of: slots, in: readers, besides: tried) {
            tried.append(reader.endpoint)
            do {
                let replies = try readers.readBlocking(at: reader) { () throws(ConnectionFailure) in
                    try reader.node.blocking.exchange(bytes, count: count, until: ReplicaReaders.share(of: deadline))
                }
                switch judge(replies, to: bytes, of: slots, by: reader, in: readers) {
                case .stands: return replies
                case .ofOthers: return nil
                case .failed: continue
                }
            } catch {
                if deadline.isOver { throw error }
                readers.failed(reader.endpoint)
            }
        }
        return nil
    }

    private enum Verdict { case stands, ofOthers, failed }

    private func judge(
        _ replies: [RESPValue], to bytes: [UInt8], of slots: [HashSlot], by reader: ReplicaReaders.Reader,
        in readers: ReplicaReaders
    ) -> Verdict {
        switch replies.redirection(from: reader.endpoint, ofEach: bytes, to: slots) {
        case nil where !replies.mayBeBetterElsewhere: return .stands
        case nil, .tryAgain:
            readers.failed(reader.endpoint)
            return .failed
        // It has other slots than the map says, or the slot is on its way. The primary says where to.
        case .moved, .elsewhere, .ask:
            readers.doubt()
            return .ofOthers
        }
    }

    private func reader(
        of slots: [HashSlot], in readers: ReplicaReaders, besides tried: [Endpoint]
    ) -> ReplicaReaders.Reader? {
        readers.next(of: map?.replicas(of: slots) ?? [], besides: tried) { [weak self] in
            guard let self, await refresh(until: Deadline(after: Self.timeToAnswer)) == nil else { return nil }
            return map?.replicas
        }
    }
}

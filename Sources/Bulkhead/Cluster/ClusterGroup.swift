import BulkheadCommands
import BulkheadNetworking
import BulkheadRESP

/// The parts of a request that go to one server, in one write.
struct ClusterGroup: Sendable {
    let endpoint: Endpoint
    var parts: [ClusterPlan.Part] = []

    var bytes: [UInt8] { parts.flatMap(\.bytes) }
    var slots: [HashSlot] { parts.compactMap(\.slot) }

    /// The replies, each with the places of its part.
    func placed(_ replies: [RESPValue]) -> [(places: [Int], replies: [RESPValue])] {
        zip(parts, replies).map { ($0.places, [$1]) }
    }
}

extension ClusterTopology {
    /// The parts by their servers, in their order; those without a slot go along with the first.
    func grouped(_ parts: [ClusterPlan.Part]) throws(ConnectionFailure) -> [ClusterGroup] {
        var groups: [ClusterGroup] = []
        let fallback = parts.lazy.compactMap(\.slot).first
        for part in parts {
            guard let target = try target(of: part.slot ?? fallback) else { continue }
            if let index = groups.firstIndex(where: { $0.endpoint == target.endpoint }) {
                groups[index].parts.append(part)
            } else {
                groups.append(ClusterGroup(endpoint: target.endpoint, parts: [part]))
            }
        }
        return groups
    }
}

/// All of them, or the failure of the one that came furthest. Where others were answered, the request as a whole has
/// run in part.
func allOrFurthest(
    _ results: [Result<[RESPValue], ConnectionFailure>]
) throws(ConnectionFailure) -> [[RESPValue]] {
    var replies: [[RESPValue]] = []
    var furthest: ConnectionFailure?
    for result in results {
        switch result {
        case .success(let values): replies.append(values)
        case .failure(let failure):
            if failure.stage > furthest?.stage ?? .refused || furthest == nil { furthest = failure }
        }
    }
    guard let furthest else { return replies }
    throw replies.isEmpty ? furthest : furthest.ofRequestRunInPart
}

extension ConnectionFailure {
    /// The same of a request of which another part has been answered: sending all of it again would run that twice.
    var ofRequestRunInPart: ConnectionFailure {
        guard stage.isSafeToRetry else { return self }
        return ConnectionFailure(reason, "\(message); other parts of the request have been answered", stage: .sent)
    }
}

import BulkheadCommands
import BulkheadNetworking
import BulkheadRESP

/// The parts of a request that go to one server, in one write.
struct ClusterGroup: Sendable {
    let server: ClusterServer
    /// Which of the request's parts, in their order.
    var indices: [Int] = []
    var bytes: [UInt8] = []

    func slots(in parts: [ClusterPlan.Part]) -> [HashSlot] { indices.compactMap { parts[$0].slot } }
}

extension ClusterTopology {
    /// The parts by their servers, in their order; those without a slot go along with the first. Each server gets the
    /// text of a script with its first call.
    func grouped(
        _ parts: [ClusterPlan.Part], _ scripts: ScriptTexts = ScriptTexts()
    ) throws(ConnectionFailure) -> [ClusterGroup] {
        var groups: [ClusterGroup] = []
        var sent: Set<ScriptAtServer> = []
        let fallback = parts.lazy.compactMap(\.slot).first
        for (index, part) in parts.enumerated() {
            guard let target = try target(of: part.slot ?? fallback) else { continue }
            let place = groups.firstIndex { $0.server === target } ?? groups.count
            if place == groups.count { groups.append(ClusterGroup(server: target)) }
            groups[place].indices.append(index)
            if let call = scripts.call(part.bytes),
                sent.insert(ScriptAtServer(digest: call.digest, place: place)).inserted, call.isByDigest
            {
                groups[place].bytes += scripts.byText(part.bytes)
            } else {
                groups[place].bytes += part.bytes
            }
        }
        return groups
    }
}

private struct ScriptAtServer: Hashable {
    let digest: String
    let place: Int
}

extension [ClusterGroup] {
    /// The replies to all parts of a request, in their order, from those of each group.
    func inOrder(_ replies: [[RESPValue]], of count: Int) -> [RESPValue] {
        var all = [RESPValue](repeating: .null, count: count)
        for (group, replies) in zip(self, replies) {
            for (index, reply) in zip(group.indices, replies) { all[index] = reply }
        }
        return all
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

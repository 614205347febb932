import BulkheadCommands

/// The servers that slots were found at, for the next requests of these slots.
///
/// Whoever changes what they were found by, the map or the servers, has them forgotten.
struct SlotRoutes: Sendable {
    private var servers: [ClusterServer] = []
    /// A slot's server, counted from one; zero is unknown. Empty where all are.
    private var places: [UInt16] = []

    /// Nil where it was not found yet.
    subscript(_ slot: HashSlot) -> ClusterServer? {
        guard slot.number < places.count, places[slot.number] > 0 else { return nil }
        return servers[Int(places[slot.number]) - 1]
    }

    mutating func found(_ server: ClusterServer, of slot: HashSlot) {
        if places.isEmpty { places = Array(repeating: 0, count: HashSlot.count) }
        let index = servers.firstIndex { $0 === server } ?? servers.count
        if index == servers.count { servers.append(server) }
        places[slot.number] = UInt16(truncatingIfNeeded: index + 1)
    }

    mutating func forget(_ slot: HashSlot) {
        if !places.isEmpty { places[slot.number] = 0 }
    }

    mutating func forgetAll() { self = SlotRoutes() }
}

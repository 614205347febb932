// How bytes get in.

extension RESPDecoder {
    /// Appends a copy of `bytes`.
    public mutating func feed(_ bytes: some Collection<UInt8>) {
        let fed: Void? = bytes.withContiguousStorageIfAvailable { feed(UnsafeRawBufferPointer($0)) }
        if fed == nil { Array(bytes).withUnsafeBytes { feed($0) } }
    }

    /// Appends a copy of `bytes`.
    public mutating func feed(_ bytes: UnsafeRawBufferPointer) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = receive { space in
                let part = rest.prefix(space.count)
                space.copyBytes(from: part)
                return part.count
            }
            rest = rest.dropFirst(count)
        }
    }

    /// Lends free space to `fill`, for a `read` without a copy between; `fill` answers how many bytes it wrote there.
    ///
    /// Returns that answer. Zero or less appends nothing, so an end of file or an error code passes through.
    @discardableResult
    public mutating func receive(_ fill: (UnsafeMutableRawBufferPointer) -> Int) -> Int {
        // After a violation nothing is decoded any more, so nothing may pile up. What is dropped stays uncounted,
        // and is not written over: earlier values may point into the same buffer.
        if violation != nil {
            base -= end - position
            position = end
        }
        if case .largeBody(let kind, var body) = state, position == end, body.missing > 0 {
            state = .header  // leaves `body` the only owner of its pieces
            let count = body.receive(fill)
            state = .largeBody(kind, body)
            if count > 0 { base += count }
            return count
        }
        makeRoom()
        let space = UnsafeMutableRawBufferPointer(start: buffer.start + end, count: buffer.byteCapacity - end)
        let count = fill(space)
        precondition(count <= space.count, Self.overfilled)
        if count > 0 { end += count }
        return count
    }

    static var overfilled: String { "fill wrote more than the space it was lent" }

    /// Leaves at least `smallestReceive` free bytes behind `end`.
    ///
    /// A buffer nobody points into is reused; else the bytes not decoded yet move to a new one, twice as large as
    /// they are if they are long, so that each byte moves a bounded number of times.
    private mutating func makeRoom() {
        let pending = end - position
        if pending == 0, isKnownUniquelyReferenced(&buffer) {
            base += position
            position = 0
            end = 0
            return
        }
        guard buffer.byteCapacity - end < Self.smallestReceive else { return }
        let capacity = max(Self.receiveBufferBytes, 2 * pending)
        if capacity <= buffer.byteCapacity, isKnownUniquelyReferenced(&buffer) {
            buffer.start.update(from: buffer.start + position, count: pending)
        } else {
            let renewed = ByteStorage.allocate(capacity)
            renewed.start.update(from: buffer.start + position, count: pending)
            buffer = renewed
        }
        base += position
        position = 0
        end = pending
    }
}

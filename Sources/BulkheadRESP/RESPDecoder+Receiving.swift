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
        if !isAtStart, case .largeBody(let kind, var body) = state, position == end, body.missing > 0 {
            let count = body.receive(fill)
            state = .largeBody(kind, body)
            if count > 0 { base += count }
            return count
        }
        makeRoom()
        let space = UnsafeMutableRawBufferPointer(start: buffer.start + end, count: buffer.byteCapacity - end)
        let count = fill(space)
        precondition(count <= space.count, Self.overfilled)
        if count > 0 {
            end += count
            if bufferSize.changed(byReceiving: count, of: space.count) { spares = [] }
        }
        return count
    }

    static var overfilled: String { "fill wrote more than the space it was lent" }

    /// Gives back what receiving takes only while much comes: the spare buffers, and the receive buffer where it is
    /// empty. For a connection that expects nothing; the next bytes cost an allocation.
    package mutating func releaseSpareMemory() {
        spares = []
        bufferSize = BufferSize()
        guard position == end else { return }
        rebase(keeping: 0)
        buffer = .empty
    }

    /// Leaves at least `BufferSize.smallestReceive` free bytes behind `end`.
    ///
    /// A buffer nobody points into is reused; else the bytes not decoded yet move to another one, twice as large as
    /// they are if they are long, so that each byte moves a bounded number of times.
    private mutating func makeRoom() {
        let pending = end - position
        let isOfWantedSize = buffer.byteCapacity == bufferSize.wanted
        if pending == 0, isOfWantedSize, isKnownUniquelyReferenced(&buffer) { return rebase(keeping: 0) }
        let mustGrow = pending == 0 && !isOfWantedSize
        guard mustGrow || buffer.byteCapacity - end < BufferSize.smallestReceive else { return }
        let capacity = max(bufferSize.wanted, 2 * pending)
        // Where a long line made the buffer grow, it goes on in it; what follows the line does not.
        let suffices = isOfWantedSize || capacity > bufferSize.wanted
        if suffices, capacity <= buffer.byteCapacity, isKnownUniquelyReferenced(&buffer) {
            buffer.start.update(from: buffer.start + position, count: pending)
        } else {
            let renewed = capacity == bufferSize.wanted ? takeSpare() : ByteStorage.allocate(capacity)
            renewed.start.update(from: buffer.start + position, count: pending)
            if isOfWantedSize, spares.count < BufferSize.mostSpares { spares.append(buffer) }
            buffer = renewed
        }
        rebase(keeping: pending)
    }

    /// Counts what was decoded as gone: `pending` bytes stand at the front of the buffer now.
    private mutating func rebase(keeping pending: Int) {
        base += position
        position = 0
        end = pending
    }

    /// A block of the wanted size: an earlier receive buffer that nobody points into any more, or a new one.
    ///
    /// A block that was written before costs no page faults; malloc gives freed ones back to the system, sixteen
    /// faults for each the next time.
    private mutating func takeSpare() -> ByteStorage {
        for index in spares.indices where isKnownUniquelyReferenced(&spares[index]) {
            return spares.remove(at: index)
        }
        return ByteStorage.allocate(bufferSize.wanted)
    }
}

/// How large the receive buffer is to be: small where little comes, since a process may have thousands of connections
/// of which most wait.
struct BufferSize: Sendable {
    static let smallest = 16 << 10
    static let largest = 64 << 10
    /// Below this much free space the receive buffer is renewed before the next read.
    static let smallestReceive = 4 << 10
    /// Earlier buffers kept for use again: as much as a reply of a mebibyte holds on to while it is decoded.
    static let mostSpares = 16
    /// After so many small receives in a row the buffer is small again.
    static let quietReceives = 64

    private(set) var wanted = smallest
    private var quiet = 0

    /// Grows when the space was filled, because more is waiting then; true if `wanted` is another one now.
    mutating func changed(byReceiving count: Int, of space: Int) -> Bool {
        let before = wanted
        if count == space {
            wanted = Self.largest
            quiet = 0
        } else if count > Self.smallestReceive {
            quiet = 0
        } else {
            quiet += 1
            if quiet == Self.quietReceives {
                wanted = Self.smallest
                quiet = 0
            }
        }
        return wanted != before
    }
}

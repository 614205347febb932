extension FaultProxy {
    /// What becomes of the bytes of one direction.
    ///
    /// Offsets count the bytes of one connection that came from the sender, from its beginning; what is to happen at
    /// one happens as soon as the byte before it has gone on, at 0 as soon as somebody connects, but for a reset.
    public enum Fault: Sendable, Hashable {
        /// What arrives at once waits so long before it goes on, and at random up to `jitter` longer.
        case latency(Duration, jitter: Duration = .zero)
        /// No more than so many bytes go on at once, and the next only when the reader has taken them.
        case slices(of: Int)
        /// The reader has taken all before this offset when the rest goes on.
        case boundary(at: Int)
        /// Foreign bytes before those of this offset, together with what is around them or behind a boundary there.
        case insertion([UInt8], at: Int)
        /// What is behind this offset gets lost, and so does the end of the stream; the connection stays open.
        case blackhole(after: Int = 0)
        /// Both sides see an orderly end behind this offset.
        case cut(after: Int)
        /// An abrupt end: the client gets ECONNRESET.
        ///
        /// It comes with the first byte behind the offset: on TCP by an RST, in either direction. A unix socket has
        /// none; there the client gets the same where it wrote what is never read, so the direction is `.toServer`.
        case reset(after: Int)
        /// The end of the stream goes on so much later.
        case slowClose(Duration)

        /// Where bytes must not pass together.
        var offset: Int? {
            switch self {
            case .boundary(let offset), .blackhole(let offset), .cut(let offset), .reset(let offset): offset
            case .latency, .slices, .insertion, .slowClose: nil
            }
        }
    }
}

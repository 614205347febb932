package import BulkheadRDB

/// One database that was cut out.
package struct CutOut {
    package var file: [UInt8]
    package var tally: RDBTally
    package var functions: Int
}

/// Cuts databases out of a snapshot that comes in blocks of a size, taking what was written behind each.
package func filtered(
    _ file: [UInt8], _ cuts: [RDBFilter.Cut], limits: RDBLimits = RDBLimits(), block: Int
) throws -> [CutOut] {
    var filter = RDBFilter(cuts, limits: limits)
    var files = cuts.map { _ in [UInt8]() }
    var taken: [UInt8] = []
    var fed = 0
    while fed < file.count {
        let upper = min(file.count, fed + block)
        _ = try file.withUnsafeBytes { try filter.feed(UnsafeRawBufferPointer(rebasing: $0[fed..<upper])) }
        fed = upper
        for cut in cuts.indices {
            filter.take(cut, into: &taken)
            files[cut] += taken
        }
    }
    try filter.finish()
    return cuts.indices.map {
        CutOut(file: files[$0], tally: filter.results[$0].tally, functions: filter.results[$0].functions)
    }
}

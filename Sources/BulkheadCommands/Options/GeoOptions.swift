/// What a search looks around: a place, or where a member is.
public struct RedisGeoCenter: Sendable, RedisCommandOption {
    private let member: String?
    private let coordinate: RedisCoordinate

    /// The place of this member; the search throws if it is missing.
    public static func member(_ member: String) -> RedisGeoCenter {
        RedisGeoCenter(member: member, coordinate: RedisCoordinate(longitude: 0, latitude: 0))
    }

    /// This place.
    public static func place(_ coordinate: RedisCoordinate) -> RedisGeoCenter {
        RedisGeoCenter(member: nil, coordinate: coordinate)
    }

    @usableFromInline func append(to arguments: inout RedisArguments) {
        if let member {
            arguments.append("FROMMEMBER")
            arguments.append(member)
        } else {
            arguments.append("FROMLONLAT")
            arguments.append(coordinate.longitude)
            arguments.append(coordinate.latitude)
        }
    }
}

/// The area that a search covers.
public struct RedisGeoShape: Sendable, RedisCommandOption {
    private let word: String
    private let sizes: [Double]
    private let unit: RedisDistanceUnit

    /// All that is this near.
    public static func circle(radius: Double, _ unit: RedisDistanceUnit) -> RedisGeoShape {
        RedisGeoShape(word: "BYRADIUS", sizes: [radius], unit: unit)
    }

    /// A box along the circles of longitude and latitude, with the place in its middle.
    public static func box(width: Double, height: Double, _ unit: RedisDistanceUnit) -> RedisGeoShape {
        RedisGeoShape(word: "BYBOX", sizes: [width, height], unit: unit)
    }

    @usableFromInline func append(to arguments: inout RedisArguments) {
        arguments.append(word)
        for size in sizes { arguments.append(size) }
        arguments.append(unit)
    }
}

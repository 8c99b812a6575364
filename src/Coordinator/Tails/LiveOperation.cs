namespace Coordinator.Tails;

/// <summary>How a leaf of a live tail's filters looks at a value. What reads as a negation is the opposite of one of these.</summary>
internal enum LiveOperation
{
    Exists,
    Includes,
    StartsWith,
    EndsWith,
    Regex,

    /// <summary>Equal to one of several.</summary>
    In,
    Equal,
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
}

/// <summary>What type a leaf compares as; values of other types are converted where that is plain.</summary>
internal enum LiveType
{
    Text,
    Number,
    Boolean,
}

/// <summary>Operations and types by all their spellings.</summary>
internal static class LiveNames
{
    public static readonly IReadOnlyDictionary<string, LiveType> Types = new Dictionary<string, LiveType>
    {
        ["string"] = LiveType.Text,
        ["number"] = LiveType.Number,
        ["boolean"] = LiveType.Boolean,
    };

    public static readonly IReadOnlyDictionary<string, (LiveOperation Operation, bool Negated)> Operations =
        new Dictionary<string, (LiveOperation, bool)>
        {
            ["includes"] = (LiveOperation.Includes, false),
            ["INCLUDES"] = (LiveOperation.Includes, false),
            ["not_includes"] = (LiveOperation.Includes, true),
            ["DOES_NOT_INCLUDE"] = (LiveOperation.Includes, true),
            ["starts_with"] = (LiveOperation.StartsWith, false),
            ["STARTS_WITH"] = (LiveOperation.StartsWith, false),
            ["ends_with"] = (LiveOperation.EndsWith, false),
            ["ENDS_WITH"] = (LiveOperation.EndsWith, false),
            ["regex"] = (LiveOperation.Regex, false),
            ["MATCH_REGEX"] = (LiveOperation.Regex, false),
            ["exists"] = (LiveOperation.Exists, false),
            ["EXISTS"] = (LiveOperation.Exists, false),
            ["is_null"] = (LiveOperation.Exists, true),
            ["DOES_NOT_EXIST"] = (LiveOperation.Exists, true),
            ["in"] = (LiveOperation.In, false),
            ["IN"] = (LiveOperation.In, false),
            ["not_in"] = (LiveOperation.In, true),
            ["NOT_IN"] = (LiveOperation.In, true),
            ["eq"] = (LiveOperation.Equal, false),
            ["="] = (LiveOperation.Equal, false),
            ["neq"] = (LiveOperation.Equal, true),
            ["!="] = (LiveOperation.Equal, true),
            ["gt"] = (LiveOperation.Greater, false),
            [">"] = (LiveOperation.Greater, false),
            ["gte"] = (LiveOperation.GreaterOrEqual, false),
            [">="] = (LiveOperation.GreaterOrEqual, false),
            ["lt"] = (LiveOperation.Less, false),
            ["<"] = (LiveOperation.Less, false),
            ["lte"] = (LiveOperation.LessOrEqual, false),
            ["<="] = (LiveOperation.LessOrEqual, false),
        };
}

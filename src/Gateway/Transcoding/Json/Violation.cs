namespace Coordinator.Gateway.Transcoding.Json;

/// <summary>What can be wrong with one value of a request.</summary>
internal enum ViolationKind
{
    Missing,
    WrongType,
    TooSmall,
    TooBig,
    TooShort,
    TooLong,
    TooManyItems,
    NotAnInteger,
    NotOneOf,
    BadFormat,

    /// <summary>Only <see cref="Violation.Text"/> says what.</summary>
    Other,
}

/// <summary>One thing that is wrong with a request, for an envelope to say in its own words.</summary>
internal sealed record Violation(IReadOnlyList<object> Path, ViolationKind Kind)
{
    /// <summary>What was expected: string, number, boolean, object or array.</summary>
    public string Expected { get; init; } = "";

    /// <summary>What came: the same words, null or undefined.</summary>
    public string Received { get; init; } = "";

    /// <summary>The bound that was passed; it is itself accepted.</summary>
    public decimal Bound { get; init; }

    /// <summary>The bound is both the least and the most.</summary>
    public bool Exact { get; init; }

    public string Format { get; init; } = "";

    /// <summary>The regular expression of the format, where it is known by one.</summary>
    public string? Pattern { get; init; }

    public IReadOnlyList<string> Options { get; init; } = [];

    /// <summary>A sentence of its own; null for the usual one.</summary>
    public string? Text { get; init; }

    /// <summary>The path as one text: names and indices with dots between.</summary>
    public string DottedPath => string.Join('.', Path);

    /// <summary>For people, in the words of the zod library, which clients of these surfaces know.</summary>
    public string Message => Text ?? Kind switch
    {
        ViolationKind.Missing or ViolationKind.WrongType => $"Invalid input: expected {Expected}, received {Received}",
        ViolationKind.NotAnInteger => "Invalid input: expected int, received number",
        ViolationKind.TooSmall => $"Too small: expected number to be >={Bound:0}",
        ViolationKind.TooBig => $"Too big: expected {(IsSafeBound ? "int" : "number")} to be <={Bound:0}",
        ViolationKind.TooShort => $"Too small: expected string to have >={Bound:0} characters",
        ViolationKind.TooLong => $"Too big: expected string to have <={Bound:0} characters",
        ViolationKind.TooManyItems => $"Too big: expected array to have <={Bound:0} items",
        ViolationKind.NotOneOf => $"Invalid option: expected one of {string.Join('|', Options.Select(option => $"\"{option}\""))}",
        ViolationKind.BadFormat => Format switch
        {
            "uuid" => "Invalid UUID",
            "datetime" => "Invalid ISO datetime",
            "base64" => "Invalid base64-encoded string",
            _ => $"Invalid {Format}",
        },
        _ => "Invalid input",
    };

    /// <summary>Whether the bound is the largest integer that every JSON reader keeps exactly.</summary>
    public bool IsSafeBound => Bound == MaxSafeInteger;

    public const decimal MaxSafeInteger = 9_007_199_254_740_991;
}

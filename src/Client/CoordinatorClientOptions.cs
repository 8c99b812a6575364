namespace Coordinator.Client;

/// <summary>How coordinators are reached.</summary>
public sealed class CoordinatorClientOptions
{
    /// <summary>
    /// The addresses of the coordinators, <c>http://</c> (HTTP/2 in clear text) or <c>https://</c>. At least one; which is first does not
    /// matter for correctness: any of them serves any worker.
    /// </summary>
    public IList<Uri> Addresses { get; } = [];

    /// <summary>The credential, sent as <c>authorization: Bearer</c>. 1 to 1,024 characters.</summary>
    public string Token { get; set; } = "";

    /// <summary>How long connecting to one address may take before the next is tried. 50 ms to 30 s; default 2 s.</summary>
    public TimeSpan ConnectTimeout { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>
    /// The longest pause between attempts to reach a coordinator; pauses grow up to it, each a random part of its bound. The first attempt
    /// after a break is made at once. 10 ms to 1 minute; default 2 s.
    /// </summary>
    public TimeSpan LongestBackoff { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>The clock. Default: the system's.</summary>
    public TimeProvider TimeProvider { get; set; } = TimeProvider.System;

    internal void Validate()
    {
        if (Addresses.Count == 0 || Addresses.Any(address => !address.IsAbsoluteUri || address.Scheme is not ("http" or "https")))
        {
            throw new ArgumentException("Addresses must hold at least one http:// or https:// address.");
        }

        if (Token.Length is 0 or > 1_024)
        {
            throw new ArgumentException("Token must be 1 to 1,024 characters.");
        }

        InRange(ConnectTimeout, TimeSpan.FromMilliseconds(50), TimeSpan.FromSeconds(30), nameof(ConnectTimeout));
        InRange(LongestBackoff, TimeSpan.FromMilliseconds(10), TimeSpan.FromMinutes(1), nameof(LongestBackoff));
    }

    private static void InRange(TimeSpan value, TimeSpan least, TimeSpan most, string name)
    {
        if (value < least || value > most)
        {
            throw new ArgumentException($"{name} must be {least} to {most}, not {value}.");
        }
    }
}

namespace OptimizerBuild.Pipeline;

/// <summary>
/// An external data file that a build has read, as the list beside the plan names it: <c>HASH NAME</c>, one a line. The next build
/// compares the hashes, since a model does not change when its external data do.
/// </summary>
/// <param name="Name">The name relative to the model's folder, with forward slashes.</param>
/// <param name="Hash">SHA-256 over the content, in 64 hexadecimal digits.</param>
internal sealed record ExternalFile(string Name, string Hash)
{
    private const int HashLength = 64;

    /// <summary>The file's line in the list.</summary>
    public string Line => $"{Hash} {Name}\n";

    /// <summary>The files of a list; lines that are no such entries are left out.</summary>
    public static IEnumerable<ExternalFile> Parse(IEnumerable<string> lines) => lines
        .Where(l => l.Length > HashLength + 1 && l[HashLength] == ' ')
        .Select(l => new ExternalFile(l[(HashLength + 1)..], l[..HashLength]));
}

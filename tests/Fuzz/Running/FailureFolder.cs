using System.Globalization;
using OptimizerBuild.Testing;

namespace OptimizerBuild.Fuzz.Running;

/// <summary>
/// Keeps failing inputs with what went wrong and the command that shows it again. The input that is running lies there, too: where it ends
/// the whole process, it stays.
/// </summary>
/// <param name="target">The format.</param>
/// <param name="folder">The folder; null keeps nothing on disk.</param>
internal sealed class FailureFolder(FuzzTarget target, string? folder)
{
    // Of each fault so many inputs.
    private const int MostOfAKind = 3;

    private readonly Dictionary<string, int> _kinds = new(StringComparer.Ordinal);

    /// <summary>The kinds of failures and how often each was met, the most frequent first.</summary>
    public IReadOnlyList<(string Signature, int Count)> Kinds => [.. _kinds.OrderByDescending(k => k.Value).Select(k => (k.Key, k.Value))];

    /// <summary>What was found first of each kind, for messages.</summary>
    public List<string> First { get; } = [];

    private string Running => Path.Combine(folder!, "running" + target.Extension);

    /// <summary>Notes the input that runs next.</summary>
    public void Begin(byte[] input)
    {
        if (folder is null)
            return;
        Directory.CreateDirectory(folder);
        File.WriteAllBytes(Running, input);
    }

    /// <summary>The running input came back.</summary>
    public void End()
    {
        if (folder is not null)
            File.Delete(Running);
    }

    /// <summary>Takes a failing input.</summary>
    public void Add(byte[] input, CaseResult result, int seed)
    {
        string signature = result.Signature;
        int count = _kinds[signature] = _kinds.GetValueOrDefault(signature) + 1;
        string name = InputHash.Name(input) + target.Extension;
        if (count == 1)
            First.Add($"{name}: {signature}\n{result.Detail}\ninput: {Convert.ToBase64String(input)}");
        if (folder is null || count > MostOfAKind)
            return;
        Directory.CreateDirectory(folder);
        string path = Path.Combine(folder, name);
        File.WriteAllBytes(path, input);
        string command =
            $"dotnet run -c Release --project tests/Fuzz -- {target.Name} --input "
            + Path.GetRelativePath(SharedAssets.RepositoryRoot, path);
        File.WriteAllText(path + ".txt",
            string.Create(CultureInfo.InvariantCulture, $"{command}\nfound with seed {seed}\n{result.Failure}\n{result.Detail}\n"));
        Console.WriteLine($"FAILED {signature}\n  {command}");
    }
}

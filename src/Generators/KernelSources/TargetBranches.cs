using System.Text;

namespace OptimizerBuild.Generators.KernelSources;

/// <summary>
/// The branches of a kernel's source that a target framework takes. Kernels ask by <c>#if NET9_0_OR_GREATER</c> and the like for what newer
/// frameworks have; an app gets the text that it compiles and nothing else, so that files of which nothing is left are not emitted either.
/// </summary>
internal static class TargetBranches
{
    /// <summary>The oldest framework that kernels are written for.</summary>
    public const int Oldest = 8;

    private const string Prefix = "NET";
    private const string Suffix = "_0_OR_GREATER";

    /// <summary>The major version of the framework for which a compilation is, by its preprocessor symbols.</summary>
    public static int VersionOf(IEnumerable<string> symbols)
    {
        int version = Oldest;
        foreach (string symbol in symbols)
            if (Version(symbol) is { } of && of > version)
                version = of;
        return version;
    }

    /// <summary>A source without the branches that the framework does not take. Other conditions stay as they are.</summary>
    /// <param name="text">The source, with lines that end in <c>\n</c>.</param>
    /// <param name="version">The framework's major version.</param>
    public static string Taken(string text, int version)
    {
        if (text.IndexOf("#if " + Prefix, StringComparison.Ordinal) < 0)
            return text;
        var taken = new StringBuilder(text.Length);

        // Of each open condition whether its current branch is taken, null for one that stays, and whether one was taken so far.
        var open = new Stack<(bool? IsTaken, bool WasTaken)>();
        int left = 0;
        string[] lines = text.Split('\n');
        for (int i = 0; i < lines.Length; i++)
        {
            string directive = lines[i].Trim();
            bool isOurs = true;
            if (directive.StartsWith("#if", StringComparison.Ordinal))
            {
                bool? isTaken = Version(directive.Substring(3).Trim()) is { } least ? version >= least : null;
                isOurs = isTaken is not null;
                open.Push((isTaken, isTaken == true));
                if (isTaken == false)
                    left++;
            }
            else if ((directive == "#else" || directive.StartsWith("#elif", StringComparison.Ordinal)) && open.Peek().IsTaken is { } branch)
            {
                bool was = open.Pop().WasTaken;
                bool isTaken = !was && (directive == "#else" || version >= (Version(directive.Substring(5).Trim())
                    ?? throw new InvalidOperationException("a kernel asks for a framework and for something else in one condition")));
                open.Push((isTaken, was || isTaken));
                left += (branch ? 1 : 0) - (isTaken ? 1 : 0);
            }
            else if (directive.StartsWith("#endif", StringComparison.Ordinal))
            {
                bool? last = open.Pop().IsTaken;
                isOurs = last is not null;
                if (last == false)
                    left--;
            }
            else
            {
                isOurs = false;
            }
            if (!isOurs && left == 0)
                taken.Append(lines[i]).Append(i + 1 < lines.Length ? "\n" : "");
        }
        return taken.ToString();
    }

    // Null for what is none of the frameworks' symbols.
    private static int? Version(string symbol) =>
        symbol.StartsWith(Prefix, StringComparison.Ordinal) && symbol.EndsWith(Suffix, StringComparison.Ordinal)
        && symbol.Length > Prefix.Length + Suffix.Length
        && int.TryParse(symbol.Substring(Prefix.Length, symbol.Length - Prefix.Length - Suffix.Length), out int version) ? version : null;
}

namespace OptimizerBuild.Files;

/// <summary>Where a path really leads.</summary>
internal static class SymbolicLinks
{
    // As many links as common systems follow before they give up.
    private const int MaximumLinks = 40;

    /// <summary>The path with every symbolic link on it resolved, component by component.</summary>
    /// <param name="path">A full path.</param>
    /// <exception cref="IOException">There are too many links, or they form a circle.</exception>
    public static string Resolve(string path)
    {
        var pending = new Stack<string>(Split(path).Reverse());
        string resolved = Path.GetPathRoot(path)!;
        int links = 0;
        while (pending.TryPop(out string? part))
        {
            if (part == "..")
            {
                resolved = Path.GetDirectoryName(resolved) ?? resolved;
                continue;
            }
            string next = Path.Combine(resolved, part);
            string? target = new FileInfo(next).LinkTarget ?? new DirectoryInfo(next).LinkTarget;
            if (target is null)
            {
                resolved = next;
                continue;
            }
            if (++links > MaximumLinks)
                throw new IOException("too many symbolic links");
            if (Path.IsPathRooted(target))
                resolved = Path.GetPathRoot(target)!;
            foreach (string piece in Split(target).Reverse())
                pending.Push(piece);
        }
        return resolved;
    }

    /// <summary>A file below a folder, where it really lies there; null where links lead out of the folder or form a circle.</summary>
    /// <param name="folder">Full path of the folder; its own links are followed.</param>
    /// <param name="parts">The names on the way from the folder to the file.</param>
    public static string? Below(string folder, IEnumerable<string> parts)
    {
        try
        {
            string root = Resolve(folder);
            string real = Resolve(Path.Combine([root, .. parts]));
            return real.StartsWith(Path.TrimEndingDirectorySeparator(root) + Path.DirectorySeparatorChar, StringComparison.Ordinal)
                ? real
                : null;
        }
        catch (IOException)
        {
            return null;
        }
    }

    private static IEnumerable<string> Split(string path) =>
        path[(Path.GetPathRoot(path)?.Length ?? 0)..].Split([Path.DirectorySeparatorChar, Path.AltDirectorySeparatorChar])
            .Where(p => p.Length > 0 && p != ".");
}

using OptimizerBuild.Plan;

namespace OptimizerBuild.Generators.KernelSources;

/// <summary>
/// What of a library is reached from the kernels that plans call. It goes by names alone, without binding them: code that names a type
/// needs the frame of its file, and those of its members whose names it has, too; code in a file needs the members of that file which it
/// names. This finds more than is called, never less, since kernels have no <c>using static</c> and no aliases.
/// </summary>
internal sealed class KernelReach(KernelLibrary library)
{
    private readonly SortedDictionary<string, HashSet<int>> _reached = new(StringComparer.Ordinal);
    private readonly Stack<(string File, KernelPart Part)> _open = new();

    /// <summary>Reaches all of a file.</summary>
    public void AddFile(string file)
    {
        if (library.File(file) is not { } source)
            return;
        Frame(file);
        foreach (KernelPart part in source.Parts)
            Reach(file, part);
        Follow();
    }

    /// <summary>Reaches the members of one name.</summary>
    public void AddMember(string file, string name)
    {
        if (library.File(file) is not { } source)
            return;
        Frame(file);
        foreach (KernelPart part in source.Parts.Where(p => p.Names.Contains(name)))
            Reach(file, part);
        Follow();
    }

    /// <summary>What has been reached.</summary>
    /// <param name="version">The library's framework.</param>
    public KernelSelection Selection(int version) => new(
        version,
        new(_reached.Keys),
        new(_reached.Select(f => new EquatableList<int>(
            library.File(f.Key)!.Parts.Select(p => p.Start).Where(start => !f.Value.Contains(start))))));

    /// <summary>The parts of a file that a part of it or of another needs.</summary>
    /// <param name="file">The file.</param>
    /// <param name="user">The part that uses it.</param>
    /// <param name="isOwn">Whether the part is of that file.</param>
    public IEnumerable<KernelPart> Needed(string file, KernelPart user, bool isOwn) => library.File(file)!.Parts.Where(p =>
        (isOwn || user.Identifiers.Contains(p.Type)) && p.Names.Any(user.Identifiers.Contains));

    private void Follow()
    {
        while (_open.Count > 0)
        {
            (string own, KernelPart user) = _open.Pop();
            foreach (KernelPart part in Needed(own, user, isOwn: true))
                Reach(own, part);
            foreach (string file in user.Identifiers.Select(library.FileOfType).OfType<string>().Distinct())
            {
                Frame(file);
                foreach (KernelPart part in Needed(file, user, isOwn: false))
                    Reach(file, part);
            }
        }
    }

    private void Frame(string file)
    {
        if (_reached.ContainsKey(file))
            return;
        _reached.Add(file, []);
        _open.Push((file, library.File(file)!.Frame));
    }

    private void Reach(string file, KernelPart part)
    {
        if (_reached[file].Add(part.Start))
            _open.Push((file, part));
    }
}

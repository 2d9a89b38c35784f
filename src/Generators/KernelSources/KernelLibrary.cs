using System.Collections.Concurrent;
using System.Text.RegularExpressions;
using OptimizerBuild.Plan;

namespace OptimizerBuild.Generators.KernelSources;

/// <summary>
/// The sources of <c>src/Kernels</c>, which this assembly carries as resources, and which of them need which others
/// (<see cref="KernelReach"/>). Files are known by their names alone, whatever folder they lie in: all kernels
/// have one namespace. Everything is computed at most once in a process.
/// </summary>
internal sealed class KernelLibrary
{
    private const string ResourcePrefix = "Kernels/";

    // Top-level types stand at column 0, because namespaces are file-scoped (docs/kernels.md).
    private static readonly Regex TypeDeclaration = new(
        @"^(?:internal|public)\s[^\n({;=]*?\b(?:class|struct|interface|enum|record|delegate\s+\w+)\s+(\w+)",
        RegexOptions.Multiline | RegexOptions.CultureInvariant);

    private static readonly Lazy<Dictionary<string, string>> EmbeddedFiles = new(ReadEmbedded);
    private static readonly Lazy<KernelLibrary> LazyEmbedded = new(() => new KernelLibrary(EmbeddedFiles.Value));
    private static readonly ConcurrentDictionary<int, KernelLibrary> ByVersion = new();

    private readonly int _version;
    private readonly SortedDictionary<string, Lazy<KernelSource>> _files = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _fileOfType = new(StringComparer.Ordinal);

    /// <summary>A library of files.</summary>
    /// <param name="files">Names without extension, and texts.</param>
    /// <param name="version">The framework's major version for which they are.</param>
    public KernelLibrary(IEnumerable<KeyValuePair<string, string>> files, int version = TargetBranches.Oldest)
    {
        _version = version;
        foreach (KeyValuePair<string, string> file in files)
        {
            string text = file.Value;
            _files.Add(file.Key, new Lazy<KernelSource>(() => new KernelSource(text)));
            foreach (Match declaration in TypeDeclaration.Matches(text))
                _fileOfType[declaration.Groups[1].Value] = file.Key;
        }
    }

    /// <summary>The library that this assembly carries, with the branches for all target frameworks.</summary>
    public static KernelLibrary Embedded => LazyEmbedded.Value;

    /// <summary>The library as a target framework compiles it (<see cref="TargetBranches"/>).</summary>
    /// <param name="version">The framework's major version.</param>
    public static KernelLibrary For(int version) => ByVersion.GetOrAdd(version, static v => new KernelLibrary(
        EmbeddedFiles.Value.Select(f => new KeyValuePair<string, string>(f.Key, TargetBranches.Taken(f.Value, v))), v));

    /// <summary>The names of all files, sorted.</summary>
    public IEnumerable<string> Files => _files.Keys;

    /// <summary>Why a call of a plan fits no method; null where it does.</summary>
    /// <param name="call">The call.</param>
    /// <param name="source">The C# type of the caller's elements, for a binding; null for a step.</param>
    public string? Misfit(PlanCall call, string? source)
    {
        if (!_files.TryGetValue(call.Kernel, out Lazy<KernelSource> file))
            return "it calls the kernel '" + call.Kernel + "', which this version of the generator does not have";
        string? misfit = "there is no such method";
        foreach (KernelMethod method in file.Value.Methods)
        {
            if (method.Type != call.Kernel || method.Name != call.Method)
                continue;
            misfit = method.Misfit(call, source);
            if (misfit is null)
                return null;
        }
        return "its call of '" + call.Kernel + "." + call.Method + "' does not fit this version of the generator: " + misfit;
    }

    /// <summary>Everything that some files and methods need.</summary>
    /// <param name="roots">Names of files, which are taken whole, and of methods of a file, as <c>File.Method</c>; what is not there is
    /// left out.
    /// </param>
    public KernelSelection Select(IEnumerable<string> roots)
    {
        var reached = new KernelReach(this);
        foreach (string root in roots)
        {
            int dot = root.IndexOf('.');
            if (dot < 0)
                reached.AddFile(root);
            else
                reached.AddMember(root.Substring(0, dot), root.Substring(dot + 1));
        }
        return reached.Selection(_version);
    }

    /// <summary>A file; null where there is none of that name.</summary>
    public KernelSource? File(string name) => _files.TryGetValue(name, out Lazy<KernelSource> file) ? file.Value : null;

    /// <summary>The file that declares a type; null where none does.</summary>
    public string? FileOfType(string type) => _fileOfType.TryGetValue(type, out string file) ? file : null;

    /// <summary>The texts of a selection as they are emitted, by file.</summary>
    /// <param name="selection">What is emitted.</param>
    /// <param name="isShared">Whether another assembly uses the types.</param>
    public IEnumerable<(string File, string Text)> Texts(KernelSelection selection, bool isShared) => selection.Files.Select((file, i) =>
        (file, _files[file].Value.Text(isShared, selection.LeftOut[i])));

    private static Dictionary<string, string> ReadEmbedded()
    {
        System.Reflection.Assembly assembly = typeof(KernelLibrary).Assembly;
        var files = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (string resource in assembly.GetManifestResourceNames())
        {
            if (!resource.StartsWith(ResourcePrefix, StringComparison.Ordinal))
                continue;
            using var reader = new StreamReader(assembly.GetManifestResourceStream(resource)!);
            files.Add(Path.GetFileNameWithoutExtension(resource), reader.ReadToEnd().Replace("\r\n", "\n"));
        }
        return files;
    }
}

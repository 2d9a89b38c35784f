using System.Globalization;
using System.Text;
using Microsoft.Build.Framework;
using OptimizerBuild.Caching;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Files;
using OptimizerBuild.Options;
using OptimizerBuild.Pipeline;
using OptimizerBuild.Reporting;
using Task = Microsoft.Build.Utilities.Task;

namespace OptimizerBuild;

/// <summary>
/// Looks at a project's <c>CompressedModel</c> items without opening the models: validates their metadata and the project's
/// settings, names classes and output files, and hashes the inputs, from which MSBuild decides whether a model is up to date.
/// Runs in every build, also at design time.
/// </summary>
[MSBuildMultiThreadableTask]
public sealed class CollectModels : Task, ICancelableTask
{
    private static readonly Version OldestFramework = new(8, 0);
    private static readonly Version OldestLanguage = new(12, 0);

    private readonly CancellationTokenSource _cancellation = new();

    /// <summary>The project's <c>CompressedModel</c> items.</summary>
    [Required]
    public ITaskItem[] Models { get; set; } = [];

    /// <summary>Full path of the project's folder.</summary>
    [Required]
    public string ProjectFolder { get; set; } = "";

    /// <summary>Full path of the project, at which diagnostics point where an item's line is not known.</summary>
    public string ProjectFile { get; set; } = "";

    /// <summary>The folder for outputs, relative to the project's.</summary>
    [Required]
    public string OutputFolder { get; set; } = "";

    /// <summary>The project's <c>RootNamespace</c>.</summary>
    public string RootNamespace { get; set; } = "";

    /// <summary>The project's <c>Language</c>.</summary>
    public string Language { get; set; } = "";

    /// <summary>The project's <c>LangVersion</c>.</summary>
    public string LangVersion { get; set; } = "";

    /// <summary>The project's <c>TargetFrameworkIdentifier</c>.</summary>
    public string TargetFrameworkIdentifier { get; set; } = "";

    /// <summary>The project's <c>TargetFrameworkVersion</c>, for example <c>v8.0</c>.</summary>
    public string TargetFrameworkVersion { get; set; } = "";

    /// <summary>The project's <c>Optimize</c>.</summary>
    public string Optimize { get; set; } = "";

    /// <summary>The project's <c>OptimizeCompressedModels</c>.</summary>
    public string OptimizeCompressedModels { get; set; } = "";

    /// <summary>The project's <c>AssemblyName</c>.</summary>
    public string AssemblyName { get; set; } = "";

    /// <summary>The project's <c>SignAssembly</c>.</summary>
    public string SignAssembly { get; set; } = "";

    /// <summary>The project's <c>AssemblyOriginatorKeyFile</c>.</summary>
    public string KeyFile { get; set; } = "";

    /// <summary>The project's <c>PublishAot</c>.</summary>
    public string PublishAot { get; set; } = "";

    /// <summary>The project's <c>IlcInstructionSet</c>.</summary>
    public string IlcInstructionSet { get; set; } = "";

    /// <summary>Full path of the generator's assembly, for its identity; empty where it is not known.</summary>
    public string GeneratorAssembly { get; set; } = "";

    /// <summary>Whether this is a design-time build, which says nothing about settings and reads no contents.</summary>
    public bool IsDesignTime { get; set; }

    /// <summary>The models with what the other targets need to know of them.</summary>
    [Output]
    public ITaskItem[] Collected { get; private set; } = [];

    /// <summary>
    /// The identity that an assembly of kernels alone names as the one that may use it, for a project that is compiled without
    /// <c>Optimize</c>; empty where the kernels are compiled into the project's own assembly.
    /// </summary>
    [Output]
    public string KernelFriend { get; private set; } = "";

    /// <inheritdoc/>
    public void Cancel() => _cancellation.Cancel();

    /// <inheritdoc/>
    public override bool Execute()
    {
        try
        {
            CheckProject();
            var models = new List<(ITaskItem Item, ModelOptions Options)>();
            foreach (ITaskItem item in Models)
            {
                try
                {
                    models.Add((item, ModelItem.Options(item, ProjectFolder, RootNamespace)));
                }
                catch (ModelException e)
                {
                    LogAll(e, ItemLocation.Of(item, ProjectFile), item.ItemSpec);
                }
            }
            CheckClassNames(models);
            if (!Log.HasLoggedErrors)
                Collected = [.. Collect(models)];
        }
        catch (ModelException e)
        {
            LogAll(e, Project, null);
        }
        catch (OperationCanceledException)
        {
            Log.Log(Diagnostic.Of(DiagnosticCatalog.Cancelled, null, "(all models)"), Project);
        }
        catch (Exception e)
        {
            Log.LogMessage(MessageImportance.Low, "{0}", e);
            Log.Log(InternalFault.Of(e), Project);
        }
        return !Log.HasLoggedErrors;
    }

    private ItemLocation Project => ItemLocation.OfProject(ProjectFile);

    private void LogAll(ModelException e, ItemLocation place, string? model)
    {
        foreach (Diagnostic diagnostic in e.Diagnostics)
            Log.Log(diagnostic, place, model is null ? null : Path.GetFileName(model.Replace('\\', '/')));
    }

    private void CheckProject()
    {
        if (!string.Equals(Language, "C#", StringComparison.OrdinalIgnoreCase))
        {
            throw new ModelException(DiagnosticCatalog.UnsupportedTarget,
                "written in " + (Language.Length == 0 ? "an unknown language" : Language),
                    "a C# project, for example a class library that this project references");
        }
        bool isCore = string.Equals(TargetFrameworkIdentifier, ".NETCoreApp", StringComparison.OrdinalIgnoreCase);
        if (!isCore || (VersionOf(TargetFrameworkVersion.TrimStart('v', 'V')) is { } framework && framework < OldestFramework))
        {
            throw new ModelException(DiagnosticCatalog.UnsupportedTarget,
                $"built for {TargetFrameworkIdentifier} {TargetFrameworkVersion.TrimStart('v', 'V')}".TrimEnd(),
                ".NET 8 or later (net8.0)");
        }
        bool isNamedVersion = LangVersion.Length > 0 && char.IsAsciiLetter(LangVersion[0])
            && !LangVersion.StartsWith("ISO", StringComparison.OrdinalIgnoreCase);
        if (LangVersion.Length > 0 && !isNamedVersion && !(VersionOf(LangVersion) >= OldestLanguage))
            throw new ModelException(DiagnosticCatalog.LanguageVersionTooOld, LangVersion);
        bool isUnoptimised = !IsTrue(Optimize) && OptimizeCompressedModels.Length == 0;
        if (isUnoptimised)
            KernelFriend = Friend();
        if (IsDesignTime)
            return;
        if (isUnoptimised && KernelFriend.Length == 0)
            Log.Log(Diagnostic.Of(DiagnosticCatalog.UnoptimisedBuild, null), Project);
        if (IsTrue(PublishAot) && IlcInstructionSet.Length == 0)
            Log.Log(Diagnostic.Of(DiagnosticCatalog.NativeInstructionSet, null), Project);
    }

    // An assembly with a strong name is known by name and key.
    private string Friend()
    {
        if (!IsTrue(SignAssembly))
            return AssemblyName;
        string? key = KeyFile.Length == 0 ? null : StrongNameKey.PublicKey(Path.GetFullPath(KeyFile.Replace('\\', '/'), ProjectFolder));
        return key is null ? "" : AssemblyName + ", PublicKey=" + key;
    }

    private void CheckClassNames(List<(ITaskItem Item, ModelOptions Options)> models)
    {
        var classes = new Dictionary<(string Namespace, string Class), string>();
        foreach ((ITaskItem item, ModelOptions options) in models)
        {
            if (!classes.TryAdd((options.Namespace, options.ClassName), item.ItemSpec))
            {
                Log.Log(Diagnostic.Of(DiagnosticCatalog.ClassNameCollision, null,
                    classes[(options.Namespace, options.ClassName)], item.ItemSpec, options.ClassName), ItemLocation.Of(item, ProjectFile));
            }
            if (!IsDesignTime && item.GetMetadata("ClassName").Length == 0 && NameChanges.IsChanged(options.Name, options.ClassName))
                Log.Log(NameChanges.Change("model", options.Name, options.ClassName), ItemLocation.Of(item, ProjectFile));
        }
    }

    private IEnumerable<ITaskItem> Collect(List<(ITaskItem Item, ModelOptions Options)> models)
    {
        string root = Path.GetFullPath(OutputFolder.Replace('\\', '/'), ProjectFolder);
        var taken = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        foreach ((ITaskItem item, ModelOptions options) in models)
        {
            // Models of the same file name, which must differ in class or namespace, get folders of their own.
            string stem = FileStem(options.Name);
            string folder = stem;
            if (!taken.Add(folder))
                taken.Add(folder = stem + "." + options.Namespace + "." + options.ClassName);
            var files = new ModelFiles(Path.Combine(root, folder), stem);

            List<InputFile> inputs = [.. InputFiles.Of(options)];
            List<InputFile> external = [.. ExternalFilesOfLastBuild(options, files, out bool changed)];
            string[] paths = [.. inputs.Concat(external).Select(f => f.Path), files[ModelFiles.Options],
                typeof(CollectModels).Assembly.Location];
            if (!IsDesignTime)
                WriteOptions(options, files, inputs, changed);
            yield return ModelItem.Create(
                item, options, files, paths, IsStale(files, paths), ItemLocation.Of(item, ProjectFile));
        }
    }

    /// <summary>
    /// Writes what a model's outputs depend on, contents included, so that the file is younger than the plan exactly where something is
    /// different from the last build: times of files say little about them (copies, archives and packages keep old ones).
    /// </summary>
    private void WriteOptions(ModelOptions options, ModelFiles files, IEnumerable<InputFile> inputs, bool externalDataChanged)
    {
        var text = new StringBuilder(OptionsText.Write(options));
        text.Append(CultureInfo.InvariantCulture, $"MaxAccuracyDrop={options.MaxAccuracyDrop:R}\n");
        text.Append(CultureInfo.InvariantCulture, $"Budgets={options.MaxSize},{options.MaxMemory},{options.MaxMacs}\n");
        text.Append(CultureInfo.InvariantCulture, $"MaxClassAccuracyDrop={options.MaxClassAccuracyDrop:R}\n");
        text.Append(CultureInfo.InvariantCulture, $"Tasks={ToolIdentity.OfTasks}\nGenerator={ToolIdentity.Of(GeneratorAssembly)}\n");
        foreach (InputFile input in inputs)
            text.Append(CultureInfo.InvariantCulture,
                $"Input={Path.GetRelativePath(ProjectFolder, input.Path)} {HashOrReason(input.Path)}\n");
        string path = files[ModelFiles.Options];
        AtomicFile.WriteIfDifferent(path, text.ToString());
        if (externalDataChanged)
            AtomicFile.Touch(path);
    }

    private string HashOrReason(string path)
    {
        try
        {
            return UserFile.HashOf(path, _cancellation.Token);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Whoever reads the file says what is wrong with it.
            return e is FileNotFoundException or DirectoryNotFoundException ? "missing" : "unreadable";
        }
    }

    // Not among the options: which external files there are follows from the model, and is known only after the first build.
    private IEnumerable<InputFile> ExternalFilesOfLastBuild(ModelOptions options, ModelFiles files, out bool changed)
    {
        changed = false;
        ExternalFile[] known;
        try
        {
            string list = files[ModelFiles.ExternalData];
            known = File.Exists(list) ? [.. ExternalFile.Parse(File.ReadAllLines(list))] : [];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
        InputFile[] found = [.. known.SelectMany(k => InputFiles.External(options, [k.Name]))];
        if (!IsDesignTime)
            changed = known.Zip(found).Any(p => HashOrReason(p.Second.Path) != p.First.Hash);
        return found.Where(f => f.Path.Length > 0);
    }

    // In an editor, where nothing is hashed, times must do.
    private bool IsStale(ModelFiles files, string[] inputs)
    {
        string plan = files[ModelFiles.Plan];
        if (!File.Exists(plan))
            return true;
        DateTime time = File.GetLastWriteTimeUtc(plan);
        return IsDesignTime
            ? inputs.Any(i => !File.Exists(i) || File.GetLastWriteTimeUtc(i) > time)
            : File.GetLastWriteTimeUtc(files[ModelFiles.Options]) > time;
    }

    // Commas and semicolons separate in the compiler's arguments, and the others have their own meaning there or in shells.
    private static string FileStem(string name) => string.Concat(name.Select(c =>
        c is ',' or ';' or '#' or '\'' or '"' or '%' or '=' || char.IsControl(c) ? '_' : c));

    private static bool IsTrue(string property) => string.Equals(property, "true", StringComparison.OrdinalIgnoreCase);

    // Version.Parse wants two parts, LangVersion may have one.
    private static Version? VersionOf(string text) =>
        Version.TryParse(text.Contains('.') ? text : text + ".0", out Version? version) ? version : null;
}

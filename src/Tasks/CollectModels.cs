using Microsoft.Build.Framework;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Options;
using OptimizerBuild.Pipeline;
using OptimizerBuild.Reporting;
using Task = Microsoft.Build.Utilities.Task;

namespace OptimizerBuild;

/// <summary>
/// Looks at a project's <c>CompressedModel</c> items without opening the models: validates their metadata and the project's
/// settings, names classes and output files, and finds the inputs from which MSBuild decides whether a model is up to date.
/// Runs in every build, also at design time.
/// </summary>
[MSBuildMultiThreadableTask]
public sealed class CollectModels : Task
{
    private static readonly Version OldestFramework = new(8, 0);
    private static readonly Version OldestLanguage = new(12, 0);

    /// <summary>The project's <c>CompressedModel</c> items.</summary>
    [Required]
    public ITaskItem[] Models { get; set; } = [];

    /// <summary>Full path of the project's folder.</summary>
    [Required]
    public string ProjectFolder { get; set; } = "";

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

    /// <summary>The project's <c>PublishAot</c>.</summary>
    public string PublishAot { get; set; } = "";

    /// <summary>The project's <c>IlcInstructionSet</c>.</summary>
    public string IlcInstructionSet { get; set; } = "";

    /// <summary>Whether this is a design-time build, which says nothing about settings.</summary>
    public bool IsDesignTime { get; set; }

    /// <summary>The models with what the other targets need to know of them.</summary>
    [Output]
    public ITaskItem[] Collected { get; private set; } = [];

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
                    Log.Log(e.Diagnostic);
                }
            }
            CheckClassNames(models);
            if (!Log.HasLoggedErrors)
                Collected = [.. Collect(models)];
        }
        catch (ModelException e)
        {
            Log.Log(e.Diagnostic);
        }
        return !Log.HasLoggedErrors;
    }

    private void CheckProject()
    {
        if (!string.Equals(Language, "C#", StringComparison.OrdinalIgnoreCase))
        {
            throw new ModelException(DiagnosticCatalog.UnsupportedTarget,
                "written in " + (Language.Length == 0 ? "an unknown language" : Language), "a C# project");
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
        if (IsDesignTime)
            return;
        if (!IsTrue(Optimize) && OptimizeCompressedModels.Length == 0)
            Log.Log(Diagnostic.Of(DiagnosticCatalog.UnoptimisedBuild, null));
        if (IsTrue(PublishAot) && IlcInstructionSet.Length == 0)
            Log.Log(Diagnostic.Of(DiagnosticCatalog.NativeInstructionSet, null));
    }

    private void CheckClassNames(List<(ITaskItem Item, ModelOptions Options)> models)
    {
        var classes = new Dictionary<(string Namespace, string Class), string>();
        foreach ((ITaskItem item, ModelOptions options) in models)
        {
            if (!classes.TryAdd((options.Namespace, options.ClassName), item.ItemSpec))
            {
                Log.Log(Diagnostic.Of(DiagnosticCatalog.ClassNameCollision, null,
                    classes[(options.Namespace, options.ClassName)], item.ItemSpec, options.ClassName));
            }
            if (!IsDesignTime && item.GetMetadata("ClassName").Length == 0 && NameChanges.IsChanged(options.Name, options.ClassName))
                Log.Log(NameChanges.Change("model", options.Name, options.ClassName));
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

            List<string> inputs = [.. InputFiles.Of(options).Select(f => f.Path)];
            string optionsFile = files[ModelFiles.Options];
            AtomicFile.WriteIfDifferent(optionsFile, OptionsText.Write(options)
                + $"MaxAccuracyDrop={options.MaxAccuracyDrop?.ToString("R", System.Globalization.CultureInfo.InvariantCulture)}\n"
                + string.Concat(inputs.Select(i => "Input=" + Path.GetRelativePath(ProjectFolder, i) + "\n")));

            // Not among the options: which external files there are follows from the model, and is known only after the first build.
            inputs.AddRange(InputFiles.External(options, ExternalDataOfLastBuild(files)).Select(f => f.Path));
            inputs.Add(optionsFile);
            inputs.Add(typeof(CollectModels).Assembly.Location);
            yield return ModelItem.Create(item, options, files, inputs, IsStale(files[ModelFiles.Plan], inputs));
        }
    }

    private static string[] ExternalDataOfLastBuild(ModelFiles files)
    {
        try
        {
            string list = files[ModelFiles.ExternalData];
            return File.Exists(list) ? File.ReadAllLines(list) : [];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    private static bool IsStale(string output, IEnumerable<string> inputs)
    {
        if (!File.Exists(output))
            return true;
        DateTime time = File.GetLastWriteTimeUtc(output);
        return inputs.Any(i => !File.Exists(i) || File.GetLastWriteTimeUtc(i) > time);
    }

    // Commas and semicolons separate in the compiler's arguments, and the others have their own meaning there or in shells.
    private static string FileStem(string name) => string.Concat(name.Select(c =>
        c is ',' or ';' or '#' or '\'' or '"' or '%' or '=' || char.IsControl(c) ? '_' : c));

    private static bool IsTrue(string property) => string.Equals(property, "true", StringComparison.OrdinalIgnoreCase);

    // Version.Parse wants two parts, LangVersion may have one.
    private static Version? VersionOf(string text) =>
        Version.TryParse(text.Contains('.') ? text : text + ".0", out Version? version) ? version : null;
}

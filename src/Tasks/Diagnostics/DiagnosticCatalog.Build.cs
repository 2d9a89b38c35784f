namespace OptimizerBuild.Diagnostics;

/// <content>Diagnostics of the MSBuild integration: the item's metadata, the project and its host.</content>
internal static partial class DiagnosticCatalog
{
    /// <summary>Metadata of an item is not understood. Arguments: item, metadata, value, what would be accepted.</summary>
    public static readonly DiagnosticDescriptor MetadataNotUnderstood = new("OPT0010", Severity.Error, "Metadata not understood",
        "CompressedModel '{0}': the metadata {1}=\"{2}\" is not understood: {3}",
        "A metadata of the item `CompressedModel` has an invalid value, or a name that does not exist.",
        "Write the value as `docs/metadata.md` says. Metadata of your own must have names that begin with an underscore.");

    /// <summary>The compressed model is too much worse. Arguments: metric, float figure, compressed figure, samples, drop, limit.</summary>
    public static readonly DiagnosticDescriptor AccuracyExceeded = new("OPT0013", Severity.Error, "Accuracy dropped too far",
        "{0} is {2} after compression instead of {1} on {3} samples: a drop of {4}, more than MaxAccuracyDrop=\"{5}\" allows; "
        + "give more or better CalibrationData, try another Calibration, raise MinSignalToNoise so that more nodes stay in float32, "
        + "or use Precision=\"Float32\"",
        "The item has `EvaluationData` and `MaxAccuracyDrop`, and the compressed model loses more on these data than allowed. The "
        + "drop is absolute, "
        + "but relative to the float model's error for the metric MeanSquaredError.",
        "Calibrate on data that look like the evaluation data (a few hundred samples), try the values of `Calibration` one by one, "
        + "raise `MinSignalToNoise`, "
        + "use `Precision=\"Float32\"`, or allow a larger drop. The model's report in the folder `obj` lists the nodes with the least "
        + "signal-to-noise ratio.");

    /// <summary>An exception that nobody foresaw. Arguments: step, node, the exception's type.</summary>
    public static readonly DiagnosticDescriptor InternalError = new("OPT0099", Severity.Error, "Internal error",
        "internal error ({2}) in {0} on node {1}; please report it with the model, or with the exception in the build's detailed log",
        "The build met a case that its authors did not foresee. The model may be at fault, but then it should have been told in another "
            + "way.",
        "Report the case. The exception with its place stands in the log (`dotnet build -v:detailed`). Until it is mended, "
        + "`Precision=\"Float32\"` takes another way through most of the code.");

    /// <summary>A class is too much worse. Arguments: class, metric, float figure, compressed figure, samples, drop, limit.</summary>
    public static readonly DiagnosticDescriptor ClassAccuracyExceeded = new(
        "OPT0043", Severity.Error, "Accuracy of a class dropped too far",
        "{1} of {0} is {3} after compression instead of {2} on {4} samples: a drop of {5}, more than MaxClassAccuracyDrop=\"{6}\" allows; "
            + "give more CalibrationData of this class, raise MinSignalToNoise, or use Precision=\"Float32\"",
        "The item has `EvaluationData` and `MaxClassAccuracyDrop`, and the compressed model loses more on the samples of one class than "
            + "allowed, whatever the mean over all classes is.",
        "Put samples of the class into the calibration data, raise `MinSignalToNoise`, use `Precision=\"Float32\"`, or allow "
            + "a larger drop.");

    /// <summary>
    /// The model is too large or costs too much. Arguments: what is counted, the figure, the metadata, its limit, what to do.
    /// </summary>
    public static readonly DiagnosticDescriptor BudgetExceeded = new("OPT0061", Severity.Error, "Model over its budget",
        "{0} {1}, more than the {3} that {2} allows; {4}",
        "The item has `MaxSize`, `MaxMemory` or `MaxMacs`, and the compressed model needs more.",
        "Ask for stronger compression ([compression.md](compression.md)), take a smaller network, or raise the limit. Where several limits "
        + "are exceeded, one build says all of them.");

    /// <summary>Models could not be compressed. Arguments: how many, of how many.</summary>
    public static readonly DiagnosticDescriptor BuildStopped = new("OPT0098", Severity.Error, "Models could not be compressed",
        "{0} of {1} models could not be compressed; the errors above say why",
        "The build looks at every model of the project, so that one run shows all errors, and stops before the compiler.",
        "Mend the errors that stand above.");

    /// <summary>The project's target or language is not supported. Arguments: what the project has, what is supported.</summary>
    public static readonly DiagnosticDescriptor UnsupportedTarget = new("OPT0014", Severity.Error,
        "Unsupported target framework or language",
        "this project is {0}; a CompressedModel needs {1}",
        "The generated code is C# for .NET 8 or later. The project targets an older framework, .NET Framework or .NET Standard, or is "
        + "written in another language.",
        "Target `net8.0` or later in a C# project. A project in F# or Visual Basic can reference a C# class library that holds the "
        + "models.");

    /// <summary>One of several target frameworks gets no models. Arguments: project, framework, models.</summary>
    public static readonly DiagnosticDescriptor FrameworkLeftOut = new("OPT0084", Severity.Message, "Framework without models",
        "{0} for {1} has no predictors for {2}: they need .NET 8 or later. Put code that uses them between "
        + "#if NET8_0_OR_GREATER and #endif",
        "The project has several target frameworks. Those from .NET 8 on get the models; an older one, .NET Standard or .NET Framework is "
        + "built without them.",
        "Nothing has to be done, if code that uses the models stands under `#if NET8_0_OR_GREATER`.");

    /// <summary>The project's language version is too old. Argument: the version.</summary>
    public static readonly DiagnosticDescriptor LanguageVersionTooOld = new("OPT0015", Severity.Error, "Language version below C# 12",
        "LangVersion is {0}, but the generated code is C# 12",
        "The project sets `LangVersion` to a version below 12.",
        "Remove `LangVersion` from the project (every supported target framework has C# 12 or later by default) or set it to 12 or later.");

    /// <summary>The build's host is too old. Argument: the version of MSBuild.</summary>
    public static readonly DiagnosticDescriptor HostTooOld = new("OPT0016", Severity.Error, "MSBuild too old",
        "OptimizerBuild needs MSBuild 18 (.NET 10 SDK, Visual Studio 2026) or later; this is MSBuild {0}",
        "The tasks run on .NET 10, which older versions of MSBuild and Visual Studio cannot load.",
        "Build with the .NET 10 SDK or later, or with Visual Studio 2026 or later. The app itself may target .NET 8 or 9.");

    /// <summary>Two models want the same class. Arguments: first item, second item, class.</summary>
    public static readonly DiagnosticDescriptor ClassNameCollision = new("OPT0017", Severity.Error, "Two models generate the same class",
        "CompressedModel '{0}' and '{1}' both generate the class '{2}'; give one of them another ClassName or Namespace",
        "The class of a model is named after its file unless `ClassName` says otherwise, and two items of the project end up with the "
        + "same name.",
        "Give one of the items the metadata `ClassName` or `Namespace`.");

    /// <summary>The kernels run unoptimised. No arguments.</summary>
    public static readonly DiagnosticDescriptor UnoptimisedBuild = new("OPT0019", Severity.Message, "Kernels run unoptimised in this build",
        "this project is compiled without Optimize (a Debug build) and signed with a key that is in no .snk file, so that its kernels "
        + "cannot be in an optimised assembly of their own and predictors run many times slower; "
        + "set the property OptimizeCompressedModels to true to compile the project optimised, or to false to silence this message",
        "The just-in-time compiler does not optimise methods of an assembly that was compiled without `Optimize`, whatever attributes "
        + "they carry. In such builds the kernels are therefore in an assembly of their own, which lets the project's assembly see its "
        + "internals. For that it must know the project's public key, which it reads in the file that `AssemblyOriginatorKeyFile` names: "
        + "not in a key container, and not in a `.pfx` file. Results are the same, only slower.",
        "Sign with a `.snk` file, or set `<SignAssembly>` for Release only. Or set "
        + "`<OptimizeCompressedModels>true</OptimizeCompressedModels>`: then the project is compiled with `Optimize` also in Debug "
        + "builds (stepping through its code is less exact). `false` silences the message.");

    /// <summary>A native build without fast kernels. No arguments.</summary>
    public static readonly DiagnosticDescriptor NativeInstructionSet = new("OPT0020", Severity.Message, "NativeAOT without AVX2",
        "PublishAot compiles for processors without AVX2 unless IlcInstructionSet says otherwise, so that the predictors use their "
        + "128-bit kernels; "
        + "set IlcInstructionSet, for example to native or x86-64-v3, to get the fast ones",
        "NativeAOT decides at compile time which instruction sets exist. Its default for x64 has no AVX2, AVX-512 or AVX-VNNI, and "
        + "then the kernels for them are left out. "
        + "Results are the same, only slower.",
        "Set `<IlcInstructionSet>native</IlcInstructionSet>` for the machine that builds, or `x86-64-v3` for every x64 processor with "
        + "AVX2. Any value of your own silences the message.");

    /// <summary>A name had to be changed. Arguments: what it names, the name, what it became.</summary>
    public static readonly DiagnosticDescriptor NameChanged = new("OPT0022", Severity.Message, "Name changed",
        "the {0} '{1}' is called '{2}' in the generated code",
        "A name cannot stand in C# as it is, or two names would become the same, so that it was changed beyond upper and lower case "
        + "and word separators.",
        "Nothing needs to be done. For the class, `ClassName` chooses another name.");

    /// <summary>A file of the build cannot be read or written. Arguments: what was tried, file name, what the system says.</summary>
    public static readonly DiagnosticDescriptor FileNotAccessible = new("OPT0024", Severity.Error, "File cannot be read or written",
        "cannot {0} '{1}': {2}",
        "A file that the build reads or writes (outputs in the folder `obj`, the cache, or inputs) is locked, write-protected or on a "
        + "full disk.",
        "Close programs that hold the file, check permissions and free space. The cache's place is set by the property "
        + "`OptimizerBuildCachePath`.");

    /// <summary>The build was cancelled. Argument: the model.</summary>
    public static readonly DiagnosticDescriptor Cancelled = new("OPT0028", Severity.Error, "Cancelled",
        "the compression of '{0}' was cancelled; nothing was written",
        "The build was cancelled while a model was being compressed.",
        "Build again.");
}

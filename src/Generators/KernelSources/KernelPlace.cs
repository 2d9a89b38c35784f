using Microsoft.CodeAnalysis.Diagnostics;

namespace OptimizerBuild.Generators.KernelSources;

/// <summary>Where the kernels of a compilation's models are (docs/msbuild.md, "Debug builds").</summary>
internal enum KernelPlace
{
    /// <summary>In the compilation itself, beside the predictors.</summary>
    Here,

    /// <summary>In an assembly that the compilation references: predictors only are generated.</summary>
    Elsewhere,

    /// <summary>The compilation is that assembly: kernels only are generated, for another assembly to use.</summary>
    Alone,
}

/// <summary>What the build says of the place of the kernels.</summary>
internal static class KernelPlaces
{
    private const string Property = "build_property.OptimizerBuildKernels";

    /// <summary>The place that the build's property names; <see cref="KernelPlace.Here"/> where it names none.</summary>
    public static KernelPlace Of(AnalyzerConfigOptions options) =>
        options.TryGetValue(Property, out string? value) && Enum.TryParse(value, out KernelPlace place) ? place : KernelPlace.Here;
}

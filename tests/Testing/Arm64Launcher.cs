using System.Reflection;

namespace OptimizerBuild.Testing;

/// <summary>
/// A program for Arm64, with its runtime, that runs an assembly of the tests: the very file that runs here. A fixture for the class
/// whose tests use it; published when the first of them runs.
/// </summary>
public sealed class Arm64Launcher : IDisposable
{
    private readonly Lazy<(TemporaryProject Project, string Program)> _published =
        new(Publish, LazyThreadSafetyMode.ExecutionAndPublication);

    /// <summary>Runs an assembly's entry point.</summary>
    /// <param name="processor">The processor that is emulated.</param>
    /// <param name="assembly">The assembly, whose references lie beside it.</param>
    /// <param name="arguments">The arguments.</param>
    public ProcessResult Run(string processor, Assembly assembly, params string[] arguments) =>
        Arm64Emulation.Run(processor, _published.Value.Program, _published.Value.Project.Folder, [assembly.Location, .. arguments]);

    /// <summary>Deletes the program.</summary>
    public void Dispose()
    {
        if (_published.IsValueCreated)
            _published.Value.Project.Dispose();
    }

    private static (TemporaryProject Project, string Program) Publish()
    {
        var project = new TemporaryProject("arm64");
        project.Write("launcher.csproj", """
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup>
                <OutputType>Exe</OutputType>
                <TargetFramework>net10.0</TargetFramework>
                <RuntimeIdentifier>linux-arm64</RuntimeIdentifier>
                <SelfContained>true</SelfContained>
                <InvariantGlobalization>true</InvariantGlobalization>
                <DisableTransitiveFrameworkReferenceDownloads>true</DisableTransitiveFrameworkReferenceDownloads>
              </PropertyGroup>
            </Project>
            """);
        project.Write("Program.cs", """
            object code = System.Reflection.Assembly.LoadFrom(args[0]).EntryPoint.Invoke(
                null, System.Reflection.BindingFlags.DoNotWrapExceptions, null, new object[] { args[1..] }, null);
            return code is int number ? number : 0;
            """);
        return (project, Path.Combine(project.Publish(), "launcher"));
    }
}

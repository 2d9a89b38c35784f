using System.Reflection;
using System.Security;

namespace OptimizerBuild.Testing;

/// <summary>An app for WebAssembly that runs an assembly of the tests: the very file that runs here.</summary>
public sealed class WebAssemblyApp : IDisposable
{
    /// <summary>Where the app finds the files that it is published with.</summary>
    public const string Files = "/files";

    private readonly TemporaryProject _project = new("wasm");
    private readonly string _published;

    /// <summary>Publishes the app.</summary>
    /// <param name="program">The assembly whose entry point it runs.</param>
    /// <param name="references">Assemblies that this one needs.</param>
    /// <param name="files">A folder whose files the app finds in its folder <see cref="Files"/>; null for none.</param>
    /// <param name="compiled">
    /// Whether the assemblies are compiled ahead of time (<see cref="WasmWorkload"/>), for which the framework is trimmed around them.
    /// </param>
    public WebAssemblyApp(Assembly program, IReadOnlyList<Assembly> references, string? files = null, bool compiled = false)
    {
        Assembly[] assemblies = [program, .. references];
        string flag = compiled ? "true" : "false";
        // The app has a file system of its own, in memory: files come as resources.
        string resources = files is null ? ""
            : $"""<EmbeddedResource Include="{SecurityElement.Escape(files)}/*" LogicalName="{Files}/%(Filename)%(Extension)" />""";
        _project.Write("launcher.csproj", $"""
            <Project Sdk="Microsoft.NET.Sdk.WebAssembly">
              <PropertyGroup>
                <OutputType>Exe</OutputType>
                <TargetFramework>net10.0</TargetFramework>
                <InvariantGlobalization>true</InvariantGlobalization>
                <RunAOTCompilation>{flag}</RunAOTCompilation>
                <PublishTrimmed>{flag}</PublishTrimmed>
                <SuppressTrimAnalysisWarnings>true</SuppressTrimAnalysisWarnings>
                <CompressionEnabled>false</CompressionEnabled>
              </PropertyGroup>
              <ItemGroup>
                {string.Concat(assemblies.Select(a => $"""<Reference Include="{SecurityElement.Escape(a.Location)}" />"""))}
                {string.Concat(assemblies.Select(a => $"""<TrimmerRootAssembly Include="{a.GetName().Name}" />"""))}
                {resources}
              </ItemGroup>
            </Project>
            """);
        _project.Write("Program.cs", $$"""
            using System;
            using System.IO;
            using System.Reflection;

            Assembly app = Assembly.GetExecutingAssembly();
            foreach (string name in app.GetManifestResourceNames())
            {
                Directory.CreateDirectory(Path.GetDirectoryName(name));
                using Stream resource = app.GetManifestResourceStream(name);
                using Stream file = File.Create(name);
                resource.CopyTo(file);
            }
            object code = Assembly.Load("{{program.GetName().Name}}").EntryPoint.Invoke(
                null, BindingFlags.DoNotWrapExceptions, null, new object[] { args }, null);
            return code is int number ? number : 0;
            """);
        _project.Write("wwwroot/main.mjs", NodeJs.MainModule);
        _published = _project.Publish(compiled ? WasmWorkload.Patience : null);
    }

    /// <summary>Runs the app.</summary>
    /// <param name="arguments">The arguments.</param>
    public ProcessResult Run(params string[] arguments) => NodeJs.Run(_published, arguments);

    /// <summary>Deletes the app.</summary>
    public void Dispose() => _project.Dispose();
}

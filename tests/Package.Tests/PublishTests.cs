using System.Runtime.InteropServices;
using OptimizerBuild.Harness;
using OptimizerBuild.Testing;

namespace OptimizerBuild;

/// <summary>Published forms of an app print the same bytes as the build-time twin of its predictors.</summary>
[Collection("package")]
public class PublishTests(PackedPackage package)
{
    private static readonly string Runtime = RuntimeInformation.RuntimeIdentifier;

    [Fact]
    public void TrimmedSingleFile()
    {
        ConsumerFolder folder = App("trimmed", "net10.0",
            "<PublishTrimmed>true</PublishTrimmed><PublishSingleFile>true</PublishSingleFile>");

        Publish(folder, "--self-contained");

        Check(folder, "net10.0", 10);
        Assert.False(File.Exists(folder["app/out/app.dll"]));
    }

    [Fact]
    public void SelfContainedOnNet8()
    {
        ConsumerFolder folder = App("net8", "net8.0", "");

        Publish(folder, "--self-contained");

        Check(folder, "net8.0", 8);
    }

    /// <summary>
    /// An app for .NET 11, by an SDK 10 that knows it from the packs alone: it takes the kernels that only .NET 11 can compile.
    /// </summary>
    [Fact]
    public void SelfContainedOnNet11()
    {
        Net11Packs.Require();
        ConsumerFolder folder = App("net11", "net11.0", "<Net11Symbol>false</Net11Symbol>",
            statements: """Console.WriteLine("path " + global::OptimizerBuild.Kernels.KernelPath.Name);""");
        folder.Write("Directory.Build.targets", $"<Project>{Net11Packs.Import}</Project>");

        Publish(folder, "--self-contained");

        ProcessResult run = Check(folder, "net11.0", 11);
        string path = run.Output.Split('\n').Single(l => l.StartsWith("path ", StringComparison.Ordinal))["path ".Length..];
        Assert.NotEqual("scalar", path);
        PathRecord.Ran($"app {path} on .NET 11");
    }

    [Fact]
    public void NativeAot()
    {
        Machine.RequireNativeLinker();
        ConsumerFolder folder = App("native", "net10.0", "<PublishAot>true</PublishAot>");

        // Without an instruction set the compiler would leave the kernels for AVX2 and more out, see OPT0020.
        ProcessResult native = Publish(folder, "-p:IlcInstructionSet=native");
        Assert.DoesNotContain("OPT0020", native.Output);
        Check(folder, "net10.0", 10);
    }

    [Fact]
    public void LinuxArm64()
    {
        Arm64Emulation.Require();
        ConsumerFolder folder = App("arm64", "net10.0",
            "<DisableTransitiveFrameworkReferenceDownloads>true</DisableTransitiveFrameworkReferenceDownloads>");

        PublishFor("linux-arm64", folder, "--self-contained");

        ConsumerProgram.Check(Arm64Emulation.Run(Arm64Emulation.Newest, folder["app/out/app"], folder["app"]),
            folder["app/obj/Release/net10.0/linux-arm64/OptimizerBuild"], 10);
    }

    /// <summary>An app as Blazor's are, trimmed as they are unless told otherwise, under strict settings.</summary>
    [Fact]
    public void WebAssembly()
    {
        NodeJs.Require();
        ConsumerFolder folder = App("wasm", "net10.0", """
            <AnalysisMode>All</AnalysisMode>
            <EnforceCodeStyleInBuild>true</EnforceCodeStyleInBuild>
            <MSBuildTreatWarningsAsErrors>true</MSBuildTreatWarningsAsErrors>
            <GenerateDocumentationFile>true</GenerateDocumentationFile>
            <CompressionEnabled>false</CompressionEnabled>
            """, sdk: "Microsoft.NET.Sdk.WebAssembly");
        folder.Write("app/wwwroot/main.mjs", NodeJs.MainModule);

        ProcessResult published = folder.BuildBy("publish", "app", "-c", "Release", "-o", folder["app/out"]).Succeeded();

        Assert.DoesNotContain(": warning ", published.Output);
        Assert.Contains("Optimizing assemblies for size", published.Output);
        ConsumerProgram.Check(NodeJs.Run(folder["app/out"]), folder["app/obj/Release/net10.0/OptimizerBuild"], 10);
    }

    private ConsumerFolder App(
        string name, string framework, string properties, string sdk = "Microsoft.NET.Sdk", string statements = "")
    {
        var folder = new ConsumerFolder(package, name);
        folder.WriteModels("app");
        folder.Write("app/app.csproj", $"""
            <Project Sdk="{sdk}">
              <PropertyGroup>
                <OutputType>Exe</OutputType>
                <TargetFramework>{framework}</TargetFramework>
                <RootNamespace>Consumer</RootNamespace>
                <InvariantGlobalization>true</InvariantGlobalization>
                <TreatWarningsAsErrors>true</TreatWarningsAsErrors>
                <ILLinkTreatWarningsAsErrors>true</ILLinkTreatWarningsAsErrors>
                {properties}
              </PropertyGroup>
              <ItemGroup>
                {folder.PackageReference}
                {ConsumerProgram.Items}
              </ItemGroup>
            </Project>
            """);
        folder.Write("app/Program.cs", ConsumerProgram.Source("Consumer", statements));
        return folder;
    }

    private static ProcessResult Publish(ConsumerFolder folder, params string[] arguments) => PublishFor(Runtime, folder, arguments);

    private static ProcessResult PublishFor(string runtime, ConsumerFolder folder, params string[] arguments) =>
        folder.BuildBy("publish", "app", ["-c", "Release", "-r", runtime, "-o", folder["app/out"], .. arguments]).Succeeded();

    private static ProcessResult Check(ConsumerFolder folder, string framework, int runtime)
    {
        string program = folder["app/out/app" + (OperatingSystem.IsWindows() ? ".exe" : "")];
        ProcessResult run = Testing.DotNet.Start(program, folder["app"], []);
        ConsumerProgram.Check(run, folder[$"app/obj/Release/{framework}/{Runtime}/OptimizerBuild"], runtime);
        return run;
    }
}

using System.IO.Compression;
using System.Reflection.Metadata;
using System.Security.Cryptography;
using System.Text.Json;
using OptimizerBuild.Harness;
using OptimizerBuild.Testing;

namespace OptimizerBuild;

/// <summary>Builds without <c>Optimize</c>: the kernels are compiled, optimised, into an assembly of their own.</summary>
[Collection("package")]
public class DebugBuildTests(PackedPackage package)
{
    private const string Kernels = "OptimizerBuild.Kernels.";

    [Fact]
    public void KernelsAreOptimisedAndTheUsersCodeIsNot()
    {
        ConsumerFolder folder = App("debug");

        ProcessResult built = folder.Build("app").Succeeded();
        Assert.DoesNotContain("OPT0019", built.Output);
        ConsumerProgram.Check(folder.DotNet("app", "bin/Debug/net10.0/app.dll"), folder["app/obj/Debug/net10.0/OptimizerBuild"]);
        IReadOnlyList<string> jitted = Jitted(folder);
        Assert.Contains(jitted, l => IsOf(Kernels, l) && IsOptimised(l));
        Assert.DoesNotContain(jitted, l => IsOf(Kernels, l) && IsUnoptimised(l));
        Assert.Contains(jitted, l => IsOf("Consumer.Program:Main", l) && IsUnoptimised(l));

        // Steps are stepped through, and a debugger finds the kernels' sources in the symbols.
        Assert.Contains(jitted, l => IsOf("Consumer.TinyMlp+Layers:Step", l) && IsUnoptimised(l));
        IReadOnlyList<(string Name, bool HasSource)> documents = Documents(folder["app/bin/Debug/net10.0/app.OptimizerBuild.pdb"]);
        Assert.Contains(documents, d => d.Name.EndsWith("Int8Dense.g.cs", StringComparison.Ordinal));
        Assert.All(documents, d => Assert.StartsWith("/_/", d.Name, StringComparison.Ordinal));
        Assert.All(documents, d => Assert.NotEqual(d.Name == "/_/Kernels.AssemblyInfo.cs", d.HasSource));

        // Nothing is compiled again, whatever is built next; the bytes are those of every build.
        byte[] kernels = File.ReadAllBytes(folder["app/bin/Debug/net10.0/app.OptimizerBuild.dll"]);
        folder.Build("app", "--no-restore").Succeeded().Skipped("OptimizerBuildCompileKernels").Skipped("CoreCompile");
        File.Delete(folder["app/obj/Debug/net10.0/OptimizerBuild/.kernels/app.OptimizerBuild.dll"]);
        folder.Build("app", "--no-restore").Succeeded();
        Assert.Equal(kernels, File.ReadAllBytes(folder["app/bin/Debug/net10.0/app.OptimizerBuild.dll"]));

        // An editor compiles what the build compiled, with the same assembly.
        string editor = folder.DotNet(
            "app", "msbuild", "-t:ResolveReferences", "-getItem:ReferencePath", "-getProperty:OptimizerBuildKernels",
            "-p:DesignTimeBuild=true", "-nodeReuse:false").Succeeded().Output;
        Assert.Contains("\"OptimizerBuildKernels\": \"Elsewhere\"", editor);
        Assert.Contains(folder["app/obj/Debug/net10.0/OptimizerBuild/.kernels/app.OptimizerBuild.dll"], editor);

        // In one assembly where the project asks for it: unoptimised, or all of it optimised.
        folder.Build("app", "--no-restore", "-p:OptimizeCompressedModels=false").Succeeded();
        Assert.False(File.Exists(folder["app/bin/Debug/net10.0/app.OptimizerBuild.dll"]));
        Assert.Contains(Jitted(folder), l => IsOf(Kernels + "Int8Dense", l) && IsUnoptimised(l));
        folder.Build("app", "--no-restore", "-p:OptimizeCompressedModels=true").Succeeded();
        Assert.DoesNotContain(Jitted(folder), l => (IsOf("Consumer.", l) || IsOf(Kernels, l)) && IsUnoptimised(l));
        folder.BuildBy("clean", "app").Succeeded();

        // The compiler calls an assembly as its file, whatever AssemblyName says.
        folder.Build("app", "--no-restore", "-p:TargetName=renamed").Succeeded();
        Assert.True(File.Exists(folder["app/bin/Debug/net10.0/renamed.dll"]));
        folder.BuildBy("clean", "app", "-p:TargetName=renamed").Succeeded();
        folder.Build("app", "--no-restore", "-c", "Release").Succeeded();
        Assert.False(File.Exists(folder["app/bin/Release/net10.0/app.OptimizerBuild.dll"]));
    }

    [Fact]
    public void ASignedLibraryForSeveralFrameworksIsUsedAndPacked()
    {
        var folder = new ConsumerFolder(package, "signed");
        folder.WriteModels("library");
        folder.Write("library/key.snk", PrivateKey());
        folder.Write("library/library.csproj", $"""
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup>
                <TargetFrameworks>net8.0;net10.0</TargetFrameworks>
                <TreatWarningsAsErrors>true</TreatWarningsAsErrors>
                <SignAssembly>true</SignAssembly>
                <AssemblyOriginatorKeyFile>key.snk</AssemblyOriginatorKeyFile>
              </PropertyGroup>
              <ItemGroup>
                {folder.PackageReference}
                <CompressedModel Include="models/tiny-mlp.onnx" CalibrationData="models/mlp x.npy" Accessibility="Public" />
              </ItemGroup>
            </Project>
            """);
        folder.Write("user/user.csproj", """
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup>
                <OutputType>Exe</OutputType>
                <TargetFramework>net10.0</TargetFramework>
                <TreatWarningsAsErrors>true</TreatWarningsAsErrors>
              </PropertyGroup>
              <ItemGroup>
                <ProjectReference Include="../library/library.csproj" />
              </ItemGroup>
            </Project>
            """);
        folder.Write("user/Program.cs", "System.Console.WriteLine(\"scores \" + new library.TinyMlp().Predict(new float[16]).Length);");

        ProcessResult built = folder.Build("user").Succeeded();
        Assert.DoesNotContain("OPT0019", built.Output);
        Assert.Contains("scores 3", folder.DotNet("user", "bin/Debug/net10.0/user.dll").Succeeded().Output);
        using (JsonDocument dependencies = JsonDocument.Parse(File.ReadAllText(folder["user/bin/Debug/net10.0/user.deps.json"])))
            Assert.Contains(dependencies.RootElement.GetProperty("libraries").EnumerateObject(),
                l => l.Name.StartsWith("library.OptimizerBuild/", StringComparison.Ordinal));

        folder.BuildBy("pack", "library", "-c", "Debug", "-o", folder["packed"]).Succeeded();
        using ZipArchive packed = ZipFile.OpenRead(folder["packed/library.1.0.0.nupkg"]);
        Assert.Equal(
            [
                "lib/net10.0/library.OptimizerBuild.dll", "lib/net10.0/library.dll",
                "lib/net8.0/library.OptimizerBuild.dll", "lib/net8.0/library.dll",
            ],
            packed.Entries.Select(e => e.FullName).Where(n => n.EndsWith(".dll", StringComparison.Ordinal)).Order(StringComparer.Ordinal));
    }

    private ConsumerFolder App(string name)
    {
        var folder = new ConsumerFolder(package, name);
        folder.WriteModels("app");
        folder.Write("app/app.csproj", $"""
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup>
                <OutputType>Exe</OutputType>
                <TargetFramework>net10.0</TargetFramework>
                <RootNamespace>Consumer</RootNamespace>
                <TreatWarningsAsErrors>true</TreatWarningsAsErrors>
              </PropertyGroup>
              <ItemGroup>
                {folder.PackageReference}
                {ConsumerProgram.Items}
              </ItemGroup>
            </Project>
            """);
        folder.Write("app/Program.cs", ConsumerProgram.Source("Consumer"));
        return folder;
    }

    private static bool IsOf(string start, string line) => line.Split(" compiled ")[^1].StartsWith(start, StringComparison.Ordinal);

    private static bool IsOptimised(string line) => line.Contains("FullOpts", StringComparison.Ordinal);

    private static bool IsUnoptimised(string line) => line.Contains("MinOpts", StringComparison.Ordinal);

    // Lines such as "  12: JIT compiled OptimizerBuild.Kernels.Int8Dense:Run(…) [FullOpts, IL size=…]".
    private static IReadOnlyList<string> Jitted(ConsumerFolder folder)
    {
        string summary = folder["app/jit.txt"];
        File.Delete(summary);
        (string, string)[] environment = [("DOTNET_JitStdOutFile", summary), ("DOTNET_JitDisasmSummary", "1")];
        Testing.DotNet.Start("dotnet", folder["app"], environment, "bin/Debug/net10.0/app.dll").Succeeded();
        return [.. File.ReadAllLines(summary).Where(l => !l.Contains("Instrumented", StringComparison.Ordinal))];
    }

    // The documents of a portable PDB, and whether their text is in it.
    private static List<(string Name, bool HasSource)> Documents(string file)
    {
        var embedded = new Guid("0E8A571B-6926-466E-B4AD-8AB04611F5FE");
        using MetadataReaderProvider provider = MetadataReaderProvider.FromPortablePdbStream(File.OpenRead(file));
        MetadataReader reader = provider.GetMetadataReader();
        return [.. reader.Documents.Select(d => (
            reader.GetString(reader.GetDocument(d).Name),
            reader.GetCustomDebugInformation(d).Any(i => reader.GetGuid(reader.GetCustomDebugInformation(i).Kind) == embedded)))];
    }

    // A key file as `sn -k` writes it.
    private static byte[] PrivateKey()
    {
        using var rsa = new RSACryptoServiceProvider(1024);
        return rsa.ExportCspBlob(includePrivateParameters: true);
    }
}

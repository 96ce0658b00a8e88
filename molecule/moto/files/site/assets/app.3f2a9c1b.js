document.title = "Moto scenario, running";
